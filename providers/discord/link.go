package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/providers"
)

// Operations of the gateway.
const (
	opDispatch  = 0
	opHeartbeat = 1
	opIdentify  = 2
	opResume    = 6
	opReconnect = 7
	opInvalid   = 9
	opHello     = 10
	opAck       = 11
)

// intents are the events that are asked for (providers a.4).
const intents = discordgo.IntentsGuilds | discordgo.IntentsGuildMessages | discordgo.IntentsGuildMessageReactions |
	discordgo.IntentsDirectMessages | discordgo.IntentsDirectMessageReactions | discordgo.IntentsMessageContent

// maxFrame bounds one frame. A large guild's description takes a few MB.
const maxFrame = 32 << 20

type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  int64           `json:"s"`
	Type string          `json:"t"`
}

// link is one WebSocket, from the dial to its end.
type link struct {
	p        *Provider
	conn     *websocket.Conn
	place    *progress
	queue    *queue
	replay   bool // a resume repeats what was missed; the reader's alone
	beatNow  chan struct{}
	acked    chan struct{}
	ready    chan struct{} // the login is complete
	lastSeen time.Time     // of the last report; the reader's alone
}

// errors that end a link but are part of the platform's life.
var (
	errReconnect = errors.New("discord asks for a new connection")
	errInvalid   = errors.New("discord has forgotten the session; a new one begins")
	errSilent    = errors.New("no heartbeat is acknowledged: the connection is dead")
	errNoReady   = errors.New("discord does not complete the login")
	errOverflow  = errors.New("more came than could be stored; it is fetched again")
)

// dial opens a WebSocket: to where the last session was, or to where the platform says.
func (p *Provider) dial(ctx context.Context, place *progress) (*websocket.Conn, error) {
	address := place.session().URL
	if address == "" {
		var gateway struct {
			URL    string `json:"url"`
			Limits struct {
				Remaining  *int  `json:"remaining"`
				ResetAfter int64 `json:"reset_after"` // ms
			} `json:"session_start_limit"`
		}
		if err := p.api.request(ctx, p.opt.call, "gateway", http.MethodGet, discordgo.EndpointGatewayBot, nil, &gateway); err != nil {
			return nil, err
		}
		if l := gateway.Limits; l.Remaining != nil && *l.Remaining <= 0 {
			return nil, &apiError{what: "gateway", status: http.StatusTooManyRequests, text: "all logins of the day are used up",
				retryAfter: time.Duration(l.ResetAfter) * time.Millisecond}
		}
		address = gateway.URL
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("discord gateway: the platform names no address")
	}
	u.RawQuery = "v=10&encoding=json"
	ctx, cancel := context.WithTimeout(ctx, p.opt.dial)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: p.api.client}})
	if err != nil {
		e := &apiError{what: "gateway", cause: err}
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
			e.status, e.text = resp.StatusCode, http.StatusText(resp.StatusCode)
			if s, err := strconv.ParseFloat(resp.Header.Get("Retry-After"), 64); err == nil {
				e.retryAfter = time.Duration(s * float64(time.Second))
			}
		}
		return nil, e
	}
	conn.SetReadLimit(maxFrame)
	return conn, nil
}

// hello waits for the server's first frame, which says how often it wants to hear from us.
func (l *link) hello(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.p.opt.handshake, errNoReady)
	defer cancel()
	f, err := l.next(ctx)
	if err != nil {
		if context.Cause(ctx) == errNoReady {
			return 0, errNoReady
		}
		return 0, err
	}
	var h struct {
		Interval int64 `json:"heartbeat_interval"`
	}
	if f.Op != opHello || json.Unmarshal(f.Data, &h) != nil || h.Interval <= 0 {
		return 0, fmt.Errorf("discord gateway: expected a hello, got operation %d", f.Op)
	}
	return min(time.Duration(h.Interval)*time.Millisecond, l.p.opt.beatMax), nil
}

// login takes up the session again or begins a new one.
func (l *link) login(ctx context.Context) error {
	s := l.place.session()
	if l.replay = s.ID != ""; l.replay {
		return l.send(ctx, opResume, map[string]any{"token": l.p.api.token, "session_id": s.ID, "seq": l.place.taken()})
	}
	return l.send(ctx, opIdentify, map[string]any{
		"token": l.p.api.token, "intents": int(intents), "compress": false, "large_threshold": 50,
		"properties": map[string]string{"os": "linux", "browser": "clawdbot", "device": "clawdbot"},
	})
}

func (l *link) send(ctx context.Context, op int, data any) error {
	b, err := json.Marshal(map[string]any{"op": op, "d": data})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, l.p.opt.write)
	defer cancel()
	return l.conn.Write(ctx, websocket.MessageText, b)
}

func (l *link) next(ctx context.Context) (frame, error) {
	_, b, err := l.conn.Read(ctx)
	if err != nil {
		return frame{}, err
	}
	var f frame
	if err := json.Unmarshal(b, &f); err != nil {
		return frame{}, errors.New("discord gateway: a frame that cannot be read")
	}
	return f, nil
}

// read takes frames off the wire until the link ends. It waits for nothing else.
func (l *link) read(ctx context.Context) error {
	for {
		f, err := l.next(ctx)
		if err != nil {
			return err
		}
		l.seen()
		switch f.Op {
		case opDispatch:
			if err := l.dispatch(f); err != nil {
				return err
			}
		case opHeartbeat:
			signal(l.beatNow)
		case opAck:
			signal(l.acked)
		case opReconnect:
			return errReconnect
		case opInvalid:
			var resumable bool
			if json.Unmarshal(f.Data, &resumable) != nil || !resumable {
				l.place.forget()
			}
			return errInvalid
		}
	}
}

// seen reports traffic, at most once a second.
func (l *link) seen() {
	if now := l.p.env.Now(); now.Sub(l.lastSeen) >= time.Second {
		l.lastSeen = now
		l.p.env.State(providers.Status{LastSeen: now})
	}
}

func (l *link) dispatch(f frame) error {
	e := event{seq: f.Seq, size: len(f.Data)}
	switch f.Type {
	case "READY":
		var r discordgo.Ready
		if err := json.Unmarshal(f.Data, &r); err != nil || r.User == nil || r.SessionID == "" {
			return errors.New("discord gateway: READY without a user and a session")
		}
		var extra struct {
			URL         string `json:"resume_gateway_url"`
			Application struct {
				ID string `json:"id"`
			} `json:"application"`
		}
		_ = json.Unmarshal(f.Data, &extra) // it has just been read
		me := identity{ID: r.User.ID, Username: r.User.Username, Application: extra.Application.ID}
		l.place.begin(session{ID: r.SessionID, URL: extra.URL, Self: me}, f.Seq)
		l.p.setMe(me)
		e.what, l.replay = ready{}, false
		l.up()
	case "RESUMED":
		l.replay = false
		l.p.setMe(l.place.session().Self)
		l.up()
	default:
		what, err := decode(f.Type, f.Data)
		if err != nil {
			l.p.env.Log.Error("discord event unreadable, skipped", "account", l.p.env.Account, "type", f.Type, "err", err)
		}
		e.what = what
		if m, ok := what.(*messageEvent); ok {
			m.replay = l.replay
		}
	}
	if !l.queue.push(e) {
		return errOverflow
	}
	return nil
}

func (l *link) up() {
	signal(l.ready)
	l.p.env.State(providers.Status{Link: providers.LinkUp, LastSeen: l.p.env.Now()})
}

// beat sends heartbeats and ends the link when one is not acknowledged in time. It also watches that
// the login is completed.
func (l *link) beat(ctx context.Context, interval time.Duration) error {
	login := time.NewTimer(l.p.opt.handshake)
	defer login.Stop()
	next := time.NewTimer(time.Duration(rand.Float64() * float64(interval)))
	defer next.Stop()
	dead := time.NewTimer(time.Hour)
	dead.Stop()
	defer dead.Stop()
	waiting := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-login.C:
			return errNoReady
		case <-dead.C:
			return errSilent
		case <-l.acked:
			waiting = false
			dead.Stop()
			continue
		case <-l.ready:
			login.Stop()
			continue
		case <-next.C:
			next.Reset(interval)
		case <-l.beatNow:
		}
		if err := l.send(ctx, opHeartbeat, l.place.taken()); err != nil {
			return err
		}
		if !waiting {
			waiting = true
			dead.Reset(l.p.opt.ackWait)
		}
	}
}

// signal wakes whoever waits, and never waits itself.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
