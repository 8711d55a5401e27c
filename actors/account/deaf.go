package account

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	checkEvery    = 30 * time.Second
	rhythmsBucket = "rhythms" // of the store, by account
)

type (
	check    struct{}            // is it deaf?
	recalled struct{ r *rhythm } // what the store knows of its rhythm, nil = nothing
	kept     struct{ err error } // the rhythm is in the store
)

func (check) accountMessage()    {}
func (recalled) accountMessage() {}
func (kept) accountMessage()     {}

// recall reads what earlier processes have learned.
func (a *account) recall(c *actors.Context[message]) {
	o, name := a.o, a.slot.account
	if o.Store == nil { // nothing is kept
		a.slot.listen(nil, o.Now().UnixMilli())
		return
	}
	actors.Pipe(c, func(ctx context.Context) (*rhythm, error) {
		var r *rhythm
		err := o.Store.View(ctx, func(v *store.View) error {
			b, found, err := v.Get(rhythmsBucket, name)
			if err != nil || !found {
				return err
			}
			r = &rhythm{}
			if wire.Unmarshal(b, r) != nil {
				r = nil // learned anew
			}
			return nil
		})
		return r, err
	}, func(r *rhythm, _ error) message { return recalled{r} })
}

// onCheck judges whether the account is deaf. One that is, is connected anew: what is wrong with a connection that looks
// well goes away with it.
func (a *account) onCheck(c *actors.Context[message]) {
	c.After(checkEvery, check{})
	now := a.o.Now()
	a.keepRhythm(c)
	if a.obey(c) {
		return
	}
	why := ""
	if !a.upSince.IsZero() {
		why = cmp.Or(a.slot.deaf(now.UnixMilli()), a.watchCanary(c, now))
	}
	a.change(func(s *State) {
		if why == "" || s.Deaf == "" { // the words of the beginning stay: they are no news at each look
			s.Deaf = why
		}
	})
	if why == "" || now.Sub(a.mended) < mendEvery {
		return
	}
	a.mended = now
	c.Log().Warn("an account hears nothing: connecting anew", slog.String("account", a.slot.account), slog.String("why", why))
	a.begin(c)
}

// obey begins anew when what is wanted is not what it began with, at two checks in a row: the word of an order may be lost, or
// on its way.
func (a *account) obey(c *actors.Context[message]) (began bool) {
	_, order := a.slot.ordered()
	if order == a.order {
		a.late = false
		return false
	}
	if !a.late {
		a.late = true
		return false
	}
	a.begin(c)
	return true
}

// keepRhythm puts what was learned since the last time into the store. What is lost is learned again.
func (a *account) keepRhythm(c *actors.Context[message]) {
	b := a.slot.learned()
	if b == nil || a.o.Store == nil {
		return
	}
	name := a.slot.account
	o := a.o
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, o.Store.Do(ctx, func(tx *store.Tx) error { return tx.Put(rhythmsBucket, name, b) })
	}, func(_ struct{}, err error) message { return kept{err} })
}

// listen begins to learn, from what was learned before. Messages of the meantime count.
func (s *slot) listen(r *rhythm, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listens {
		return
	}
	s.listens = true
	if r != nil {
		r.last = s.rhythm.last
		s.rhythm = *r
	}
	if s.rhythm.last == 0 {
		s.rhythm.last = now
	}
}

// heard notes an inbound message.
func (s *slot) heard(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rhythm.heard(now)
	s.news = true
}

// unheard notes that nobody listened until now: that is no pause of the people.
func (s *slot) unheard(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rhythm.last > 0 {
		s.rhythm.last = now
	}
}

// deaf says why the account hears nothing although it is up; "" = it does.
func (s *slot) deaf(now int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		if why := s.link.lost(now); why != "" {
			return why
		}
	}
	return s.rhythm.quiet(now)
}

// learned is what the store does not know yet, nil = nothing.
func (s *slot) learned() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.news || !s.listens {
		return nil
	}
	s.news = false
	b, err := wire.Marshal(s.rhythm)
	if err != nil {
		return nil // numbers only: cannot be
	}
	return b
}

// lost is pulse.lost for the link.
func (l *link) lost(now int64) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pulse.lost(now)
}
