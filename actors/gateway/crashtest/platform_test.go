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
	senders     = 5
	firstSender = 501
	slowness    = 20 * time.Millisecond // at most, before and after the platform acts
)

// update is one message of a person.
type update struct {
	id    int64
	chat  string
	mark  string // unique word in its text
	reply string // what the bot says to it when all goes well
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
	p.push(n, n%2 == 0, firstSender+p.rng.Int64N(senders))
}

// writeLast lets one message of each session be its last one, and returns their replies.
func (p *platform) writeLast() (replies []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, direct := range []bool{true, false} {
		p.push(len(p.updates), direct, firstSender)
		replies = append(replies, p.updates[len(p.updates)-1].reply)
	}
	return replies
}

// push writes message number n. p.mu is held: the ids are in order.
func (p *platform) push(n int, direct bool, from int64) {
	u := update{mark: fmt.Sprintf("telegram-%d", n)}
	text := u.mark
	if direct {
		u.chat, u.reply = fmt.Sprint(from), "You said: "+text
		u.id = p.Push(telegramfake.Direct(from, text))[0]
	} else {
		text = "@" + p.Username() + " " + text
		u.chat, u.reply = fmt.Sprint(group), "You said: "+text
		u.id = p.Push(telegramfake.Group(group, from, text))[0]
	}
	p.updates = append(p.updates, u)
}

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

// waitReplies returns when each of these texts has arrived.
func (p *platform) waitReplies(ctx context.Context, texts []string) error {
	return poll(ctx, func() error {
		have := map[string]bool{}
		for _, s := range p.Sent() {
			have[s.Text] = true
		}
		for _, text := range texts {
			if !have[text] {
				return fmt.Errorf("no reply %q", text)
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
