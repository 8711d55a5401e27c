package actors_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// parcel is a message with a size and a key.
type parcel struct {
	actors.Reply[string]
	name string
	size int
	key  string
}

func (p parcel) Size() int           { return p.size }
func (p parcel) CoalesceKey() string { return p.key }

// stuck spawns an actor that traces parcels and hangs in the first one until gate is closed.
func stuck(t *testing.T, s *actors.System, tr *trace, p actors.Props[parcel]) (r actors.Ref[parcel], gate chan struct{}) {
	gate = make(chan struct{})
	p.New = func() actors.Behavior[parcel] {
		return &behavior[parcel]{receive: func(_ *actors.Context[parcel], m parcel) error {
			<-gate
			tr.add("%s", m.name)
			return nil
		}}
	}
	r = mustSpawn(t, s, "a", p)
	mustTell(t, r, parcel{name: "first"})
	synctest.Wait()
	return r, gate
}

// answer is a Reply that traces its error.
func answer(tr *trace, name string) actors.Reply[string] {
	return actors.ReplyTo(func(v string, err error) {
		for _, e := range []error{actors.ErrFull, actors.ErrStopped, actors.ErrCrashed, actors.ErrReplaced} {
			if errors.Is(err, e) {
				tr.add("%s: %v", name, e)
				return
			}
		}
		tr.add("%s: %s %v", name, v, err)
	})
}

func TestRefuseBoundsCountAndBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		m     actors.Mailbox
		sizes []int
		want  []bool
	}{
		{"count", actors.Mailbox{Count: 2}, []int{1, 1, 1}, []bool{true, true, false}},
		{"bytes", actors.Mailbox{Bytes: 100}, []int{60, 60, 40, 1}, []bool{true, false, true, false}},
		{"a large one alone", actors.Mailbox{Bytes: 100}, []int{500, 1}, []bool{true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
				r, gate := stuck(t, s, tr, actors.Props[parcel]{Mailbox: tt.m})
				for i, size := range tt.sizes {
					err := r.Tell(parcel{Reply: answer(tr, "reply"), size: size})
					if (err == nil) != tt.want[i] {
						t.Errorf("message %d of %d bytes: %v", i, size, err)
					}
					if e, ok := errors.AsType[*actors.Error](err); err != nil && (!ok || e.Path != "a" || !errors.Is(err, actors.ErrFull)) {
						t.Errorf("%v", err)
					}
				}
				tr.want(t) // a refused Tell does not use the Reply
				close(gate)
				synctest.Wait()
				mustTell(t, r, parcel{name: "room again"})
				stopSystem(t, s)
			})
		})
	}
}

func TestStopActorOnOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r, gate := stuck(t, s, tr, actors.Props[parcel]{
			Mailbox:  actors.Mailbox{Count: 1, Overflow: actors.StopActor},
			OnGiveUp: func(err error) { tr.add("gave up: %v", err) },
		})
		mustSpawn(t, s, "watcher", props(behavior[error]{
			start: func(c *actors.Context[error]) error {
				actors.Watch(c, r, func(reason error) error { return reason })
				return nil
			},
			receive: func(_ *actors.Context[error], reason error) error { tr.add("gone: %v", reason); return nil },
		}))
		mustTell(t, r, parcel{Reply: answer(tr, "queued")})
		if err := r.Tell(parcel{Reply: answer(tr, "refused")}); !errors.Is(err, actors.ErrFull) {
			t.Error(err)
		}
		if err := r.Tell(parcel{}); !errors.Is(err, actors.ErrStopped) {
			t.Error(err)
		}
		synctest.Wait()
		tr.want(t, "queued: actor stopped", "gave up: mailbox full") // though the actor is stuck
		close(gate)
		<-r.Done()
		synctest.Wait()
		tr.want(t, "queued: actor stopped", "gave up: mailbox full", "first", "gone: mailbox full")
		stopSystem(t, s)
	})
}

func TestDropNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r, gate := stuck(t, s, tr, actors.Props[parcel]{Mailbox: actors.Mailbox{Count: 1, Overflow: actors.DropNewest}})
		mustTell(t, r, parcel{name: "kept"}, parcel{Reply: answer(tr, "dropped")})
		if i := s.Inspect()[0]; i.Dropped != 1 || i.Depth != 1 {
			t.Errorf("%+v", i)
		}
		close(gate)
		synctest.Wait()
		tr.want(t, "dropped: mailbox full", "first", "kept")
		stopSystem(t, s)
	})
}

func TestCoalesce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, tr := newSystem(t, actors.SystemOptions{}), &trace{}
		r, gate := stuck(t, s, tr, actors.Props[parcel]{Mailbox: actors.Mailbox{Count: 2}})
		mustTell(t, r,
			parcel{name: "wake 1", key: "w", size: 10, Reply: answer(tr, "wake 1")},
			parcel{name: "plain", size: 1},
			parcel{name: "wake 2", key: "w", size: 20},
			parcel{name: "other 1", key: "o", size: 5}) // more than Count: a wake-up is never refused
		time.Sleep(time.Second)
		mustTell(t, r, parcel{name: "wake 3", key: "w", size: 30, Reply: answer(tr, "wake 3")})
		if err := r.Tell(parcel{name: "no room"}); !errors.Is(err, actors.ErrFull) {
			t.Error(err)
		}
		if i := s.Inspect()[0]; i.Depth != 3 || i.Bytes != 36 || i.Oldest != time.Second {
			t.Errorf("%+v", i)
		}
		close(gate)
		synctest.Wait()
		mustTell(t, r, parcel{name: "wake 4", key: "w"}) // the key is free again
		synctest.Wait()
		tr.want(t, "wake 1: message replaced by a later one", "first", "wake 3", "plain", "other 1", "wake 4")
		r.Stop()
		synctest.Wait()
		stopSystem(t, s)
	})
}

// The ring is checked against a plain slice, over wrap-arounds, growth and replacement.
func TestQueueOrderUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSystem(t, actors.SystemOptions{})
	const senders, each = 4, 2000
	next := [senders]int{}
	done := make(chan struct{})
	left := senders * each
	r := mustSpawn(t, s, "a", props(behavior[[2]int]{receive: func(_ *actors.Context[[2]int], m [2]int) error {
		if next[m[0]] != m[1] {
			t.Errorf("sender %d: got %d, want %d", m[0], m[1], next[m[0]])
		}
		next[m[0]]++
		if left--; left == 0 {
			close(done)
		}
		return nil
	}}))
	for i := range senders {
		go func() {
			for n := range each {
				for r.Tell([2]int{i, n}) != nil {
					time.Sleep(time.Microsecond) // full
				}
			}
		}()
	}
	within(t, "all messages", done)
}
