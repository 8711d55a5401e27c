package main

import (
	"fmt"
	"time"
)

// soak runs mixed load over a gateway and prints its memory: a slope is a leak.
func (b *bench) soak(d time.Duration) error {
	g, err := b.inside("soak")
	if err != nil {
		return err
	}
	defer stop(g)
	fmt.Println("minute\tcalls\tlive heap MiB\tRSS MiB\tcommits")
	var calls int64
	for end := time.Now().Add(d); time.Now().Before(end) && b.ctx.Err() == nil; {
		n, _, err := b.pump(g)
		if err != nil {
			return err
		}
		calls += n
		fmt.Printf("%.1f\t%d\t%.1f\t%.0f\t%d\n", time.Until(end).Minutes(), calls, heap(), resident(), g.StoreStats().Commits)
	}
	return nil
}
