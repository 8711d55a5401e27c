package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

const (
	group       = int64(-1001)
	collecting  = int64(-1002) // a group whose messages are collected while a run is in progress
	steering    = int64(-1003) // a group whose messages steer the run in progress
	senders     = 5
	firstSender = 501
	slowness    = 20 * time.Millisecond // at most, before and after the platform acts
)

// update is one message of a person.
type update struct {
	id    int64
	chat  string
	mark  string // unique word in its text
	text  string // all of it
	crowd bool   // of the last two groups: it may have no turn of its own
}

// platform is the Bot API server, slow enough that kills hit sends in flight, and all that people wrote.
type platform struct {
	*telegramfake.Server
	url string

	mu      sync.Mutex // guards the following fields
	rng     *rand.Rand
	updates []update
}

func startPlatform(t *testing.T, seed uint64) *platform {
	p := &platform{Server: telegramfake.New(telegramfake.Options{Token: "123456:TEST-token-of-the-crash-test"}), rng: rand.New(rand.NewPCG(seed, 1))}
	h := httptest.NewServer(p)
	p.url = h.URL
	t.Cleanup(func() {
		p.Close()
		h.Close()
	})
	return p
}

// config is the gateway's, as far as it is about the platform.
func (p *platform) config() map[string]any {
	return map[string]any{
		"telegram": map[string]any{"botToken": p.Token(), "allowFrom": []string{"*"}},
		"dev":      map[string]any{"endpoints": map[string]any{"telegram": p.url}},
	}
}

// ServeHTTP takes its time over a message: it may act after its client was killed, or be about to answer then. The answer
// is in net/http's buffer until this returns.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/sendMessage") {
		p.Server.ServeHTTP(w, r)
		return
	}
	p.mu.Lock()
	before, after := time.Duration(p.rng.Int64N(int64(slowness))), time.Duration(p.rng.Int64N(int64(slowness)))
	p.mu.Unlock()
	<-time.After(before)
	p.Server.ServeHTTP(w, r)
	<-time.After(after)
}

// write lets somebody write to the bot: half of the messages are direct, half are in the group and mention it.
func (p *platform) write() {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.updates)
	p.push(n, []int64{0, group}[n%2], firstSender+p.rng.Int64N(senders))
}

// writeCrowd lets several people write to one of the other groups at once.
func (p *platform) writeCrowd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	chat := []int64{collecting, steering}[p.rng.Int64N(2)]
	for range burst {
		p.push(len(p.updates), chat, firstSender+p.rng.Int64N(senders))
	}
}

// burst is how many messages the crowd writes at once.
const burst = 3

// writeLast lets one message of each session be its last one, and returns them.
func (p *platform) writeLast() (last []update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, chat := range []int64{0, group, collecting, steering} {
		p.push(len(p.updates), chat, firstSender)
		last = append(last, p.updates[len(p.updates)-1])
	}
	return last
}

// push writes message number n, to a group or, with chat 0, directly. p.mu is held: the ids are in order.
func (p *platform) push(n int, chat, from int64) {
	u := update{mark: fmt.Sprintf("telegram-%d", n), crowd: chat == collecting || chat == steering}
	if chat == 0 {
		u.chat, u.text = fmt.Sprint(from), u.mark
		u.id = p.Push(telegramfake.Direct(from, u.text))[0]
	} else {
		u.chat, u.text = fmt.Sprint(chat), "@"+p.Username()+" "+u.mark
		u.id = p.Push(telegramfake.Group(chat, from, u.text))[0]
	}
	p.updates = append(p.updates, u)
}

// reply is what the bot says to a message that has a turn of its own, when all goes well.
func (u update) reply() string { return "You said: " + u.text }

func (p *platform) written() []update {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]update(nil), p.updates...)
}

// lastID is the id of the last update.
func (p *platform) lastID() int64 {
	all := p.written()
	return all[len(all)-1].id
}

// waitReplies returns when each of these has its reply.
func (p *platform) waitReplies(ctx context.Context, last []update) error {
	return poll(ctx, func() error {
		have := map[string]bool{}
		for _, s := range p.Sent() {
			have[s.Text] = true
		}
		for _, u := range last {
			if !u.crowd && !have[u.reply()] {
				return fmt.Errorf("no reply %q", u.reply())
			}
		}
		return nil
	})
}

// poll calls f until it returns nil. Its error is the last one of f.
func poll(ctx context.Context, f func() error) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}
