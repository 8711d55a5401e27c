package account

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// The canary is a message that an account writes to a chat of its own when nobody else has written for a while. It comes
// back over the same way as the messages of people; when it does not, the account is deaf, whatever its connection says.

const (
	canaryEvery    = time.Hour        // where the configuration names no time
	canaryLeast    = 5 * time.Minute  // more often is noise
	canaryPatience = 60 * time.Second // from the platform's receipt to the echo; looked at by each check
	echoesKept     = 32
)

var errNoID = errors.New("the platform does not say which message it was")

// canary is the state of an account's own test message.
type canary struct {
	to    string        // the chat; "" = none is sent
	every time.Duration // silence after which one is sent
	flies bool          // one is being sent, or has not come back
	id    string        // of the one on its way, "" until the platform has told
	since time.Time     // when the receipt came
	last  time.Time     // when one was last sent
	lost  string        // what is said until one comes back
}

// launched is the platform's answer to a canary.
type launched struct {
	link *link
	id   string
	err  error
}

func (launched) accountMessage() {}

// canaryOf reads what the account's section says about it.
func canaryOf(section json.RawMessage) canary {
	var c struct {
		Canary struct {
			To           string  `json:"to"`
			EveryMinutes float64 `json:"everyMinutes"`
		} `json:"canary"`
	}
	_ = json.Unmarshal(section, &c) // the provider reports what cannot be read
	every := time.Duration(c.Canary.EveryMinutes * float64(time.Minute))
	if every != 0 {
		every = max(every, canaryLeast)
	}
	return canary{to: c.Canary.To, every: cmp.Or(every, canaryEvery)}
}

// watchCanary sends one when it is time, and says what is wrong when one has not come back; "" = nothing.
func (a *account) watchCanary(c *actors.Context[message], now time.Time) string {
	k := &a.canary
	if k.to == "" || !a.up() {
		return ""
	}
	switch {
	case k.id != "" && a.slot.echoed(k.id): // also one that was given up
		k.flies, k.id, k.lost = false, "", ""
	case k.flies && k.id != "" && now.Sub(k.since) > canaryPatience:
		k.flies = false
		k.lost = fmt.Sprintf("the message to itself of %s has not come back", k.since.UTC().Format("15:04 UTC"))
	case k.flies && k.id == "" && now.Sub(k.last) > sendLimit+canaryPatience: // the word of its receipt was lost
		k.flies = false
	case !k.flies && k.due(now, a.slot.silence(now.UnixMilli())):
		a.launch(c, now)
	}
	return k.lost
}

// due: after a lost one the next comes soon, so that an account that hears again is not called deaf for long.
func (k *canary) due(now time.Time, silence time.Duration) bool {
	if k.lost != "" {
		return now.Sub(k.last) >= canaryLeast
	}
	return now.Sub(k.last) >= k.every && silence >= k.every
}

// launch sends a canary. It does not go through the outbox: it is no message to anybody, and is not sent again.
func (a *account) launch(c *actors.Context[message], now time.Time) {
	a.canary.flies, a.canary.id, a.canary.last = true, "", now
	l, p := a.link, a.provider
	out := converted(p, providers.Outgoing{
		Key:   fmt.Sprintf("canary-%x", now.UnixNano()),
		Route: providers.Route{Account: l.account, Surface: l.surface, Chat: a.canary.to},
		Text:  "Checking that messages come through.", Attempt: 1,
	})
	actors.Pipe(c, func(ctx context.Context) (providers.Receipt, error) { return attempt(ctx, p, out) },
		func(r providers.Receipt, err error) message { return launched{l, r.MessageID, err} })
}

// onLaunched notes which message is to come back. One that could not be sent says nothing about hearing.
func (a *account) onLaunched(c *actors.Context[message], m launched) {
	if m.link != a.link || !a.canary.flies {
		return
	}
	if m.err != nil || m.id == "" || m.id == providers.UnknownID {
		a.canary.flies = false
		c.Log().Warn("an account cannot write to itself; see canary.to", slog.String("account", a.slot.account), slog.Any("err", cmp.Or(m.err, errNoID)))
		return
	}
	a.canary.id, a.canary.since = m.id, a.o.Now()
}

// again forgets a canary whose connection is gone. That one was lost is remembered until another comes back.
func (k canary) again(section json.RawMessage) canary {
	n := canaryOf(section)
	n.last = k.last
	if n.to == k.to {
		n.lost = k.lost
	}
	return n
}

// echo takes the id of a message of the account's own that its platform has shown it.
func (l *link) echo(id string) {
	if l.stale.Load() || id == "" {
		return
	}
	s := l.slot
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.echoes = append(s.echoes, id); len(s.echoes) > echoesKept {
		s.echoes = slices.Delete(s.echoes, 0, len(s.echoes)-echoesKept)
	}
}

// echoed tells whether a message has come back.
func (s *slot) echoed(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.echoes, id)
}

// silence is how long nobody has written, or how long anybody has listened.
func (s *slot) silence(now int64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(now-s.rhythm.last) * time.Millisecond
}
