package main

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// abortLimit is within what time a run that somebody stops is over for them.
const abortLimit = 200 * time.Millisecond

// lost measures from now on, until the function that it returns is called, how long the machine keeps plain requests waiting: what
// they take beyond 20 ms, one after another.
func (b *brain) lost() func() time.Duration {
	ctx, cancel := context.WithCancel(b.ctx)
	sum := make(chan time.Duration, 1)
	go func() {
		var lost time.Duration
		plain := &http.Client{Transport: &http.Transport{}}
		defer plain.CloseIdleConnections()
		for ctx.Err() == nil {
			began := time.Now()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.Replace(b.url, "ws://", "http://", 1)+"/healthz", nil)
			if err != nil {
				panic(err) // a mistake of the test
			}
			if resp, err := plain.Do(req); err == nil {
				_ = resp.Body.Close()
			}
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
			lost += max(0, time.Since(began)-20*time.Millisecond)
		}
		sum <- lost
	}()
	return func() time.Duration {
		cancel()
		return <-sum
	}
}
