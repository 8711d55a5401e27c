package ws

import (
	"net/netip"
	"sync"
	"time"
)

// failures limits guesses at a secret: a bucket per address, credential class and kind of client. Success
// never refills a bucket. Once it is empty, attempts are refused unseen, right ones too, or guessing would
// go on at full speed.
type failures struct {
	now func() time.Time

	mu sync.Mutex
	// Two generations bound the memory: when the young one is full the old one is forgotten.
	young, old map[guesser]*bucket
}

// guesser is whom a failed attempt is counted against.
type guesser struct {
	addr    netip.Addr // IPv6: its /64, since that is what one host has to choose from
	mode    Mode
	browser bool // a web page on this host has a bucket apart from the host's own programs
}

type bucket struct {
	tokens float64
	at     time.Time
}

const maxGuessers = 4096 // per generation

// rate is how many wrong attempts come free, and how fast they come back.
type rate struct{ burst, perSecond float64 }

// Programs on this host get more: one with an outdated token must not lock the others out.
var (
	strangerRate = rate{burst: 10, perSecond: 1.0 / 6}
	localRate    = rate{burst: 100, perSecond: 2}
)

func newFailures(now func() time.Time) *failures {
	return &failures{now: now, young: make(map[guesser]*bucket)}
}

func guesserOf(from origin, mode Mode) guesser {
	addr := from.addr
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	return guesser{addr: addr, mode: mode, browser: from.browser}
}

func rateOf(from origin) rate {
	if from.direct && !from.browser {
		return localRate
	}
	return strangerRate
}

// wait says how long until an attempt may be looked at; 0 is now.
func (f *failures) wait(from origin, mode Mode) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	g, r := guesserOf(from, mode), rateOf(from)
	b := f.find(g)
	if b == nil {
		return 0
	}
	b.refill(f.now(), r)
	if b.tokens >= 1 {
		return 0
	}
	return time.Duration((1 - b.tokens) / r.perSecond * float64(time.Second))
}

// count records a wrong attempt.
func (f *failures) count(from origin, mode Mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g, r := guesserOf(from, mode), rateOf(from)
	b := f.find(g)
	if b == nil {
		b = &bucket{tokens: r.burst, at: f.now()}
	}
	b.refill(f.now(), r)
	b.tokens--
	if _, ok := f.young[g]; !ok && len(f.young) >= maxGuessers {
		f.old, f.young = f.young, make(map[guesser]*bucket)
	}
	f.young[g] = b
}

func (f *failures) find(g guesser) *bucket {
	if b := f.young[g]; b != nil {
		return b
	}
	return f.old[g]
}

func (b *bucket) refill(now time.Time, r rate) {
	b.tokens = min(r.burst, b.tokens+now.Sub(b.at).Seconds()*r.perSecond)
	b.at = now
}
