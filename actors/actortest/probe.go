package actortest

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/actors"
)

// patience is how long Next waits.
const patience = 10 * time.Second

// Probe is an actor that records its messages, to stand in for a real one.
type Probe[M any] struct {
	ref actors.Ref[M]
	got chan M
}

// NewProbe spawns a probe under p. Each handler is called with every message, on the probe's
// goroutine, before the message is recorded; one that answers it makes the probe a stub. It panics
// if the name is taken.
func NewProbe[M any](p actors.Parent, name string, handlers ...func(M)) *Probe[M] {
	b := &probe[M]{handlers: handlers, got: make(chan M, 1<<16)}
	ref, err := actors.Spawn(p, name, actors.Props[M]{
		Kind:    "probe",
		New:     func() actors.Behavior[M] { return b },
		Mailbox: actors.Mailbox{Count: 1 << 16, Bytes: 1 << 30},
	})
	if err != nil {
		panic(err)
	}
	return &Probe[M]{ref: ref, got: b.got}
}

// Ref is the probe's address.
func (p *Probe[M]) Ref() actors.Ref[M] { return p.ref }

// Next returns the next message, waiting for it up to 10 s.
func (p *Probe[M]) Next(t testing.TB) M {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case m := <-p.got:
		return m
	case <-timeout.C:
		t.Fatalf("probe %s: no message", p.ref.Path())
		panic("unreachable")
	}
}

// C is the channel Next reads.
func (p *Probe[M]) C() <-chan M { return p.got }

// None fails the test if a message has been recorded that Next has not returned. It does not wait: call
// synctest.Wait before it.
func (p *Probe[M]) None(t testing.TB) {
	t.Helper()
	select {
	case m := <-p.got:
		t.Errorf("probe %s: unexpected %T %+v", p.ref.Path(), m, m)
	default:
	}
}

type probe[M any] struct {
	handlers []func(M)
	got      chan M
}

func (p *probe[M]) Receive(c *actors.Context[M], m M) error {
	for _, h := range p.handlers {
		h(m)
	}
	select {
	case p.got <- m:
	default:
		c.Log().Error("probe is full, message lost")
	}
	return nil
}

// Main runs a package's tests and fails them if goroutines are left:
//
//	func TestMain(m *testing.M) { actortest.Main(m) }
func Main(m *testing.M) { goleak.VerifyTestMain(m) }
