package actors_test

import (
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/actors"
)

type note interface{ isNote() }

type tick struct{}

type count struct{ actors.Reply[int] }

func (*tick) isNote() {}
func (count) isNote() {}

func counter(done func()) actors.Props[note] {
	p := props(behavior[note]{receive: func(c *actors.Context[note], m note) error {
		switch m := m.(type) {
		case *tick:
			done()
		case count:
			m.Send(1)
		}
		return nil
	}})
	p.Mailbox = actors.Mailbox{Count: 1 << 20, Bytes: 1 << 30}
	return p
}

func BenchmarkTell(b *testing.B) {
	s := newSystem(b, actors.SystemOptions{})
	var wg sync.WaitGroup
	r := mustSpawn(b, s, "a", counter(wg.Done))
	m := &tick{}
	b.ReportAllocs()
	for b.Loop() {
		wg.Add(1)
		for r.Tell(m) != nil {
			runtime.Gosched()
		}
	}
	wg.Wait()
}

func BenchmarkAsk(b *testing.B) {
	s := newSystem(b, actors.SystemOptions{})
	r := mustSpawn(b, s, "a", counter(func() {}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := actors.Ask(b.Context(), r, func(re actors.Reply[int]) note { return count{re} }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSpawnStop(b *testing.B) {
	s := newSystem(b, actors.SystemOptions{})
	b.ReportAllocs()
	for b.Loop() {
		r := mustSpawn(b, s, "a", counter(func() {}))
		r.Stop()
		<-r.Done()
	}
}

// BenchmarkIdle reports the heap an idle actor costs.
func BenchmarkIdle(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(idleCost(b, 10_000), "B/actor")
	}
}

func idleCost(tb testing.TB, n int) float64 {
	s := actors.NewSystem(actors.SystemOptions{Log: quiet()})
	defer stopSystem(tb, s)
	p := props(behavior[note]{})
	parent := mustSpawn(tb, s, "parent", props(behavior[int]{receive: func(c *actors.Context[int], n int) error {
		for i := range n {
			if r, err := actors.Spawn(c, strconv.Itoa(i), p); err != nil || r.Tell(&tick{}) != nil {
				tb.Error("spawn", err)
			}
		}
		return nil
	}}))
	before := heap()
	mustTell(tb, parent, n)
	for handled(s) < uint64(n)+1 {
		runtime.Gosched()
	}
	return float64(heap()-before) / float64(n)
}

func handled(s *actors.System) (n uint64) {
	for _, i := range s.Inspect() {
		n += i.Handled
	}
	return n
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
