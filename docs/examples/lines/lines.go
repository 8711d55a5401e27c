// Package lines is a surface of one file, as an example: a platform with which one talks in lines over TCP.
//
// We say LOGIN token, ACK id, SEND key chat "text" and PING; it says HELLO name or NO reason, MSG id chat "text", OK key id or
// ERR key code "text", and PONG. It hands out each message until it is acknowledged.
package lines

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// Factory goes into gateway.Options.Providers.
func Factory() providers.Factory {
	return providers.Factory{Surface: "lines", New: func(env providers.Env) (providers.Provider, error) {
		return newProvider(env, options{dial: 10 * time.Second, quiet: 30 * time.Second, answer: 20 * time.Second, retryMin: time.Second, retryMax: 30 * time.Second})
	}}
}

// options are the clocks. Tests shorten them.
type options struct {
	dial, quiet, answer time.Duration // quiet: a link that carries nothing for twice as long is dead
	retryMin, retryMax  time.Duration
}

type provider struct {
	env     providers.Env
	opt     options
	address string
	token   string
	running atomic.Bool

	mu   sync.Mutex // guards the following field
	live *link      // nil while there is none
}

func newProvider(env providers.Env, opt options) (*provider, error) {
	var section struct {
		Address string `json:"address"`
		Token   string `json:"token"`
	}
	if err := json.Unmarshal(env.Config, &section); err != nil {
		return nil, fmt.Errorf("lines: %w", err)
	}
	if section.Address == "" || section.Token == "" {
		return nil, errors.New("lines.address and lines.token are required")
	}
	return &provider{env: env.WithDefaults(), opt: opt, address: section.Address, token: section.Token}, nil
}

// Capabilities are data: the gateway cuts answers to MaxText and takes the marks of Markdown away.
func (p *provider) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 500, Markup: providers.Plain}
}

// Run keeps the link up until ctx ends. What time can mend is tried again here, and shown meanwhile.
func (p *provider) Run(ctx context.Context) (err error) {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("lines: this account is connected already")
	}
	defer p.running.Store(false)
	defer func() {
		down := providers.Status{Link: providers.LinkDown}
		if err != nil {
			down.Reason = err.Error()
		}
		p.env.State(down)
	}()
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: "tcp"})
	retry := providers.Backoff{Min: p.opt.retryMin, Max: p.opt.retryMax, Healthy: time.Minute}
	for ctx.Err() == nil {
		err := p.connect(ctx, &retry)
		if errors.Is(err, providers.ErrTerminal) {
			return err
		}
		if ctx.Err() == nil {
			p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: providers.OneLine(err.Error())})
			providers.Sleep(ctx, retry.Failed(p.env.Now()))
		}
	}
	return nil
}

// connect is the life of one link. It ends with an error, and leaves no goroutine.
func (p *provider) connect(ctx context.Context, retry *providers.Backoff) error {
	conn, err := (&net.Dialer{Timeout: p.opt.dial}).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return err
	}
	l := &link{conn: conn, in: bufio.NewReader(conn), quiet: p.opt.quiet, waiting: map[string]chan string{}, gone: make(chan struct{})}
	defer l.close()
	defer context.AfterFunc(ctx, l.close)()
	if err := l.say("LOGIN %s", p.token); err != nil {
		return err
	}
	hello, err := l.hear()
	verb, rest, _ := strings.Cut(hello, " ")
	switch {
	case err != nil:
		return err
	case verb == "NO": // the platform's own word, and trying again cannot mend it
		return providers.Terminal(fmt.Errorf("the platform refuses lines.token: %s", rest))
	case verb != "HELLO":
		return fmt.Errorf("the platform is not ready: %s", providers.OneLine(hello))
	}
	var pings sync.WaitGroup
	defer pings.Wait()
	defer l.close() // before the wait
	pings.Go(l.ping)
	p.setLive(l)
	defer p.setLive(nil)
	retry.OK(p.env.Now())
	p.env.State(providers.Status{Link: providers.LinkUp, Self: rest, LastSeen: p.env.Now()})
	for {
		line, err := l.hear()
		if err != nil {
			return err
		}
		p.env.State(providers.Status{LastSeen: p.env.Now()})
		if err := p.take(ctx, l, line); err != nil {
			return err
		}
	}
}

func (p *provider) setLive(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live = l
}

// take handles one line. A message is acknowledged after Receive has it; when that fails the link ends, and the platform hands
// the message out again.
func (p *provider) take(ctx context.Context, l *link, line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "MSG":
		var id, chat, text string
		if _, err := fmt.Sscanf(rest, "%s %s %q", &id, &chat, &text); err != nil {
			return fmt.Errorf("a message cannot be read: %w", err)
		}
		err := p.env.Receive(ctx, providers.Incoming{
			ID: id, Chat: chat, Kind: providers.Direct, Sender: providers.Sender{ID: chat}, Text: text, Time: p.env.Now(),
		})
		if err != nil {
			return fmt.Errorf("a message could not be stored: %w", err)
		}
		return l.say("ACK %s", id)
	case "OK", "ERR":
		key, _, _ := strings.Cut(rest, " ")
		l.answer(key, line)
	}
	return nil // PONG, and what a later platform may say
}

// Send sends one message over the link and waits for the platform's word. Without one nobody knows whether it arrived.
func (p *provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	fail := func(class providers.Class, err error) (providers.Receipt, error) {
		return providers.Receipt{}, &providers.SendError{Class: class, Err: err}
	}
	p.mu.Lock()
	l := p.live
	p.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return fail(providers.Transient, ctx.Err())
	case l == nil:
		return fail(providers.Transient, errors.New("not connected"))
	case m.Media != nil || strings.ContainsAny(m.Route.Chat, " \n") || m.Route.Chat == "":
		return fail(providers.Permanent, errors.New("this platform has chats of one word, and no files"))
	}
	key := fmt.Sprintf("%x", m.Key) // one word, whatever the key is
	answer := l.expect(key)
	if err := l.say("SEND %s %s %q", key, m.Route.Chat, m.Text); err != nil {
		return fail(providers.Ambiguous, err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.answer)
	defer cancel()
	select {
	case line := <-answer:
		return p.verdict(m, line)
	case <-l.gone:
		return fail(providers.Ambiguous, errors.New("the link was lost, it may or may not have arrived"))
	case <-ctx.Done():
		return fail(providers.Ambiguous, fmt.Errorf("no answer, it may or may not have arrived: %w", ctx.Err()))
	}
}

// verdict reads the platform's answer to a SEND.
func (p *provider) verdict(m providers.Outgoing, line string) (providers.Receipt, error) {
	var verb, key, id, text string
	var code, seconds int
	if _, err := fmt.Sscanf(line, "OK %s %s", &key, &id); err == nil {
		return providers.Receipt{MessageID: id, ChatID: m.Route.Chat}, nil
	}
	if _, err := fmt.Sscanf(line, "%s %s %d %d %q", &verb, &key, &code, &seconds, &text); err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Ambiguous, Err: fmt.Errorf("an answer that cannot be read: %w", err)}
	}
	e := &providers.SendError{Class: providers.Permanent, Err: fmt.Errorf("the platform says %s (%d)", text, code)}
	switch {
	case code == 401:
		e.Class = providers.Unauthorized
	case code == 429:
		e.Class, e.RetryAfter = providers.Transient, time.Duration(seconds)*time.Second
	case code >= 500:
		e.Class = providers.Transient
	}
	return providers.Receipt{}, e
}

// link is one connection.
type link struct {
	conn  net.Conn
	in    *bufio.Reader // Run's alone
	quiet time.Duration

	mu      sync.Mutex // guards the following field, and the order of what is written
	waiting map[string]chan string
	once    sync.Once
	gone    chan struct{} // closed with the connection
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.gone)
		l.conn.Close()
	})
}

func (l *link) say(format string, args ...any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.quiet)) // fails only with the connection
	_, err := fmt.Fprintf(l.conn, format+"\n", args...)
	return err
}

// hear reads a line. A link that carries nothing, not even a PONG, is dead although it is open.
func (l *link) hear() (string, error) {
	_ = l.conn.SetReadDeadline(time.Now().Add(2 * l.quiet))
	line, err := l.in.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

func (l *link) ping() {
	tick := time.NewTicker(l.quiet)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if l.say("PING") != nil {
				l.close()
			}
		case <-l.gone:
			return
		}
	}
}

// expect is where the answer to a key will come to.
func (l *link) expect(key string) <-chan string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ch := make(chan string, 1)
	l.waiting[key] = ch
	return ch
}

func (l *link) answer(key, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ch := l.waiting[key]; ch != nil {
		ch <- line
		delete(l.waiting, key)
	}
}
