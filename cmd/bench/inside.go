package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// inside starts a gateway in this process, for figures that are not on the wire.
func (b *bench) inside(name string) (*gateway.Gateway, error) {
	token := config.Secret("test")
	return gateway.New(gateway.Options{
		StateDir: filepath.Join(b.dir, name), Start: config.StartOptions{Token: &token}, AnyPort: true,
		Getenv: func(string) string { return "" }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Config: config.Parse(filepath.Join(b.dir, name, "clawdbot.json"), "{}", func(string) string { return "" }),
	})
}

func stop(g *gateway.Gateway) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = g.Stop(ctx)
}

// acks measures how many agent calls share one sync of the disk, and how fast they are acknowledged.
func (b *bench) acks() error {
	var perCommit, perSecond, syncMs []float64
	for i := range b.rounds {
		g, err := b.inside("acks-" + strconv.Itoa(i))
		if err != nil {
			return err
		}
		n, took, err := b.pump(g)
		st := g.StoreStats()
		stop(g)
		if err != nil {
			return err
		}
		perCommit = append(perCommit, float64(n)/float64(max(st.Commits, 1)))
		perSecond = append(perSecond, float64(n)/took.Seconds())
		syncMs = append(syncMs, float64(st.MedianSync.Microseconds())/1000)
	}
	c, r, s := median(perCommit), median(perSecond), median(syncMs)
	b.add("`agent` acknowledgements per commit, 4 connections x 8", fmt.Sprintf("%.1f", c), "", "", "≥ 4", c >= 4)
	b.add("`agent` acknowledgements per second", fmt.Sprintf("%.0f (median sync %.2f ms)", r, s), "", "", "≥ 1,000 where a sync takes ≤ 1 ms", r >= 1000 || s > 1)
	return nil
}

// pump calls agent from 4 connections with 8 calls in flight on each.
func (b *bench) pump(g *gateway.Gateway) (n int64, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, b.dur)
	defer cancel()
	var calls atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for conn := range 4 {
		c, err := client.Dial(b.ctx, client.Options{URL: g.URL(), Token: "test", Client: wire.ConnectClient{Mode: "cli"}})
		if err != nil {
			return 0, 0, err
		}
		defer c.Close()
		for worker := range 8 {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					p := wire.AgentParams{Message: "hello", SessionKey: fmt.Sprintf("bench-%d-%d", conn, worker), IdempotencyKey: fmt.Sprintf("k-%d-%d-%d", conn, worker, i)}
					if c.Call(ctx, "agent", p, nil) == nil {
						calls.Add(1)
					}
				}
			})
		}
	}
	wg.Wait()
	return calls.Load(), time.Since(start), nil
}

// crowd connects 10,000 clients twice: how long it takes, what others notice, and what is left afterwards.
func (b *bench) crowd() error {
	g, err := b.inside("crowd")
	if err != nil {
		return err
	}
	defer stop(g)
	before := heap()
	var opened, p99, rss, live []float64
	for range 2 {
		var r struct {
			Conns int
			OpenS float64 `json:"open_s"`
		}
		lat := b.watch(g)
		err := b.wsload(strings.TrimPrefix(g.URL(), "ws://"), os.Getpid(), &r, "idle", "--conns", "10000", "--settle", "2s", "--client-mode", "backend")
		l := lat()
		if err != nil {
			return err
		}
		if r.Conns != 10000 {
			return fmt.Errorf("only %d of 10000 clients could connect", r.Conns)
		}
		if err := b.left(g); err != nil {
			return err
		}
		opened, p99, rss, live = append(opened, r.OpenS), append(p99, l), append(rss, resident()), append(live, heap())
	}
	o, l := slices.Max(opened), slices.Max(p99)
	grown, kept, again := 100*(live[0]-before)/before, 100*(live[1]-live[0])/live[0], 100*(rss[1]-rss[0])/rss[0]
	b.add("10,000 clients connected", fmt.Sprintf("%.1f s", o), "", "", "≤ 60 s", o <= 60)
	b.add("`health` p99 meanwhile", fmt.Sprintf("%.0f ms", l), "", "", "< 250 ms", l < 250)
	b.add("live heap after they left, against before they came", fmt.Sprintf("%+.0f %% (%.1f MiB)", grown, live[0]), "", "", "± 10 %", grown <= 10)
	b.add("the same after a second round, against after the first", fmt.Sprintf("%+.0f %% (%.1f MiB)", kept, live[1]), "", "", "± 10 %", kept <= 10)
	b.add("RSS after a second round, against the first", fmt.Sprintf("%+.0f %% (%.0f MiB)", again, rss[1]), "", "", "± 10 %", again <= 10)
	return nil
}

// watch calls health every 10 ms until the returned function is called, which yields the p99 in ms.
func (b *bench) watch(g *gateway.Gateway) func() float64 {
	ctx, cancel := context.WithCancel(b.ctx)
	done := make(chan []float64)
	go func() {
		var all []float64
		c, err := client.Dial(ctx, client.Options{URL: g.URL(), Token: "test", Client: wire.ConnectClient{Mode: "cli"}})
		for err == nil && ctx.Err() == nil {
			t := time.Now()
			if err = c.Call(ctx, "health", nil, nil); err == nil {
				all = append(all, float64(time.Since(t).Microseconds())/1000)
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
		if c != nil {
			_ = c.Close()
		}
		done <- all
	}()
	return func() float64 {
		cancel()
		all := <-done
		if len(all) == 0 {
			return 0
		}
		slices.Sort(all)
		return all[len(all)*99/100]
	}
}

// left waits until no connection has an actor any more.
func (b *bench) left(g *gateway.Gateway) error {
	for range 200 {
		n := 0
		for _, a := range g.Actors() {
			if a.Kind == "conn" {
				n++
			}
		}
		if n == 0 {
			return nil
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("connections are still there 20 s after their clients left")
}

// heap is the live heap in MiB.
func heap() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// resident is this process's RSS in MiB.
func resident() float64 {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kib, _ := strconv.ParseFloat(f[1], 64)
			return kib / 1024
		}
	}
	return 0
}
