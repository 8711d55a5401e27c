package discord

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// session is what is needed to take a gateway session up again. Without the token it is of no use to anybody.
type session struct {
	ID   string   `json:"id,omitempty"`
	URL  string   `json:"url,omitempty"`
	Self identity `json:"self"`
}

// progress is how far the account has come. It is kept in the store, lags behind there, and never runs ahead of what
// Receive has taken.
type progress struct {
	cursor providers.Cursor

	mu    sync.Mutex // guards the following fields
	doc   document
	dirty bool
}

// document is progress as it is stored.
type document struct {
	Session session `json:"session"`
	Seq     int64   `json:"seq"` // of the last event taken of the session
	// Floor is where a channel begins that has no entry: the first start of the account.
	Floor    string            `json:"floor,omitempty"`
	Channels map[string]string `json:"channels,omitempty"` // last message taken, by channel
	// Direct are the channels of Channels that the platform does not list at a login.
	Direct map[string]bool `json:"direct,omitempty"`
	// Users are the direct channels of the people who are allowed to write, by their id.
	Users map[string]string `json:"users,omitempty"`
}

const (
	progressKey = "place"
	maxChannels = 2000 // entries kept; the oldest go
)

// load reads the place. One that cannot be read is a new beginning.
func load(ctx context.Context, cursor providers.Cursor, now time.Time) (*progress, error) {
	p := &progress{cursor: cursor}
	if cursor != nil {
		raw, err := cursor.Get(ctx, progressKey)
		if err != nil {
			return nil, err
		}
		if raw == "" || json.Unmarshal([]byte(raw), &p.doc) != nil {
			p.doc = document{}
		}
	}
	if p.doc.Floor == "" {
		p.doc.Floor, p.dirty = snowflake(now), true
	}
	if p.doc.Channels == nil {
		p.doc.Channels = map[string]string{}
	}
	if p.doc.Users == nil {
		p.doc.Users = map[string]string{}
	}
	if p.doc.Direct == nil {
		p.doc.Direct = map[string]bool{}
	}
	return p, nil
}

func (p *progress) session() session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc.Session
}

func (p *progress) taken() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc.Seq
}

// begin notes a new session. Nothing of it has been taken: a resume repeats all but READY.
func (p *progress) begin(s session, seq int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc.Session, p.doc.Seq, p.dirty = s, seq-1, true
}

// forget ends the session: the next login is a new one.
func (p *progress) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc.Session, p.doc.Seq, p.dirty = session{}, 0, true
}

// forgetURL sends the next connection to where new ones go.
func (p *progress) forgetURL() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc.Session.URL = ""
}

func (p *progress) tookEvent(seq int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq > p.doc.Seq {
		p.doc.Seq, p.dirty = seq, true
	}
}

// after is the last message taken of a channel; its second result tells whether the channel has an entry of its own.
func (p *progress) after(channel string) (id string, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, known = p.doc.Channels[channel]; known {
		return id, true
	}
	return p.doc.Floor, false
}

func (p *progress) tookMessage(channel, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if newer(id, p.doc.Channels[channel]) {
		p.doc.Channels[channel], p.dirty = id, true
		p.trim()
	}
}

// meet notes a direct channel before its first message is handed over: the platform does not list such channels, so a
// new process would not know where to look for it. It is false when the channel was known.
func (p *progress) meet(channel, message string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doc.Direct[channel] {
		return false
	}
	p.doc.Direct[channel], p.dirty = true, true
	if _, ok := p.doc.Channels[channel]; !ok {
		p.doc.Channels[channel] = before(message)
		p.trim()
	}
	return true
}

// opened notes the direct channel of a person; opening tells which it is.
func (p *progress) opened(user, channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doc.Users[user], p.doc.Direct[channel], p.dirty = channel, true, true
}

func (p *progress) opening(user string) (channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doc.Users[user]
}

// direct lists at most n direct channels, the liveliest first.
func (p *progress) direct(n int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.SortedFunc(maps.Keys(p.doc.Direct), func(a, b string) int {
		switch x, y := p.doc.Channels[a], p.doc.Channels[b]; {
		case newer(x, y):
			return -1
		case newer(y, x):
			return 1
		}
		return 0
	})
	return list[:min(n, len(list))]
}

// trim drops the channels that were quiet the longest. p.mu is held.
func (p *progress) trim() {
	for len(p.doc.Channels) > maxChannels {
		oldest := ""
		for c, id := range p.doc.Channels {
			if oldest == "" || newer(p.doc.Channels[oldest], id) {
				oldest = c
			}
		}
		delete(p.doc.Channels, oldest)
		delete(p.doc.Direct, oldest)
	}
}

// save writes the place to the store if it has changed.
func (p *progress) save(ctx context.Context) error {
	p.mu.Lock()
	if !p.dirty || p.cursor == nil {
		p.mu.Unlock()
		return nil
	}
	b, err := json.Marshal(p.doc)
	p.dirty = false
	p.mu.Unlock()
	if err == nil {
		err = p.cursor.Set(ctx, progressKey, string(b))
	}
	if err != nil {
		p.mu.Lock()
		p.dirty = true
		p.mu.Unlock()
	}
	return err
}

// Discord's ids are numbers that grow with time: milliseconds since the start of 2015, shifted.
const (
	epoch     = 1420070400000
	timeShift = 22
)

// snowflake is the lowest id of a moment.
func snowflake(t time.Time) string {
	return strconv.FormatInt(max(0, t.UnixMilli()-epoch)<<timeShift, 10)
}

// moment is when an id was made; zero for what is none.
func moment(id string) time.Time {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>timeShift) + epoch)
}

// newer compares ids.
func newer(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

// before is the id that comes right before id.
func before(id string) string {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n == 0 {
		return "0"
	}
	return strconv.FormatUint(n-1, 10)
}
