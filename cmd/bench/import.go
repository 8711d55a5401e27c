package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/importer/importtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// imports starts gateways on state directories of another one, and asks them for what they have got.
func (b *bench) imports() error {
	size := importtest.Size{Sessions: 1000, Lines: 100_000, Long: 50_000}
	var took, p99, list, history []float64
	for i := range b.rounds {
		name := "import-" + strconv.Itoa(i)
		if err := importtest.Write(filepath.Join(b.dir, name), size); err != nil {
			return err
		}
		start := time.Now()
		g, err := b.inside(name)
		if err != nil {
			return err
		}
		lat := b.watch(g)
		err = b.imported(g, size)
		took, p99 = append(took, time.Since(start).Seconds()), append(p99, lat())
		if err == nil {
			list, err = b.timed(list, g, "sessions.list", nil)
		}
		if err == nil {
			limit := int64(200)
			history, err = b.timed(history, g, "chat.history", wire.ChatHistoryParams{SessionKey: "main", Limit: &limit})
		}
		stop(g)
		if err != nil {
			return err
		}
	}
	t, l, s, h := median(took), median(p99), median(list), median(history)
	b.add("1,000 sessions with 100,000 messages imported", fmt.Sprintf("%.1f s", t), "", "", "≤ 10 s", t <= 10)
	b.add("`health` p99 meanwhile", fmt.Sprintf("%.0f ms", l), "", "", "≤ 100 ms", l <= 100)
	b.add("`sessions.list` of it, server time", fmt.Sprintf("%.1f ms", s), "", "", "< 20 ms", s < 20)
	b.add("`chat.history` limit 200 of 50,000 messages, server time", fmt.Sprintf("%.1f ms", h), "", "", "< 20 ms", h < 20)
	return nil
}

// caller is a gateway that is asked, from inside or as its client.
type caller interface {
	Call(ctx context.Context, method string, params, result any) error
}

// imported waits until everything has come over.
func (b *bench) imported(c caller, size importtest.Size) error {
	for {
		var s wire.ImportStatusResult
		if err := c.Call(b.ctx, "import.status", struct{}{}, &s); err != nil {
			return err
		}
		if s.State == "done" {
			if s.Report.Lines != int64(size.Lines) || s.Report.Sessions != int64(size.Sessions) {
				return fmt.Errorf("the import brought %d lines of %d sessions", s.Report.Lines, s.Report.Sessions)
			}
			return nil
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// timed appends the median time in ms that a method takes inside the gateway, its answer encoded.
func (b *bench) timed(all []float64, g *gateway.Gateway, method string, params any) ([]float64, error) {
	var ms []float64
	for range 51 {
		start := time.Now()
		var payload wire.Raw
		if err := g.Call(b.ctx, method, params, &payload); err != nil {
			return nil, err
		}
		ms = append(ms, float64(time.Since(start).Microseconds())/1000)
	}
	return append(all, median(ms)), nil
}
