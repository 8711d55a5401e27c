package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// One operation takes an idempotency key and accepts a run, as the first stage of a call does.
func BenchmarkDo(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := startStore(b, Options{})
			before := s.Stats()
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						id := fmt.Sprint(i)
						err := s.Do(context.Background(), func(tx *Tx) error {
							if _, _, _, err := tx.Claim("agent", id); err != nil {
								return err
							}
							_, err := tx.AcceptRun(Run{ID: id, Kind: "agent", SessionKey: "main", AcceptedAt: 1})
							return err
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			after := s.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
			b.ReportMetric(float64(after.Ops-before.Ops)/float64(after.Commits-before.Commits), "ops/commit")
			b.ReportMetric(float64(after.MedianSync.Microseconds()), "µs/sync")
		})
	}
}

func BenchmarkView(b *testing.B) {
	s := startStore(b, Options{})
	write(b, s, kvPut("a"))
	for b.Loop() {
		if !hasKey(b, s, "a") {
			b.Fatal("not found")
		}
	}
}
