package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
)

// pace is how often somebody writes on the calm surface.
const pace = 20 * time.Millisecond

// noise measures what one surface notices of another that misbehaves: from its message to the answer at its platform.
func (b *bench) noise() error {
	const limit = 3
	quiet := map[string][]float64{}
	for round := range b.rounds {
		for _, n := range []noisy{{name: "does nothing"}, {"hangs", hang}, {"floods", flood}, {"panics", panics}, {"leaks", leak}} {
			p99, err := b.beside(strconv.Itoa(round)+"-"+n.name, n.run)
			if err != nil {
				return fmt.Errorf("beside a surface that %s: %w", n.name, err)
			}
			quiet[n.name] = append(quiet[n.name], p99)
		}
	}
	own := median(quiet["does nothing"])
	b.add("message to answer p99 on one surface, the others quiet", fmt.Sprintf("%.1f ms", own), "", "", "", true)
	for _, name := range []string{"hangs", "floods", "panics", "leaks"} {
		m := median(quiet[name])
		b.add("the same beside a surface that "+name, fmt.Sprintf("%.1f ms", m), "", fmt.Sprintf("%.2f", m/own), "≤ 3.00 of quiet", m <= limit*own)
	}
	return nil
}

// prompt answers at once: what is measured is the gateway's own way.
type prompt struct{}

func (prompt) Run(context.Context, agent.Turn, agent.Output) (agent.Answer, error) {
	return agent.Answer{Text: "answer"}, nil
}

type noisy struct {
	name string
	run  func(ctx context.Context, env providers.Env) error
}

// beside runs a gateway with a calm surface and one that does what run does, and returns the calm one's p99 in ms.
func (b *bench) beside(name string, run func(context.Context, providers.Env) error) (float64, error) {
	c := &calm{answered: make(chan string, 64), up: make(chan providers.Env, 1)}
	all := []providers.Factory{{Surface: "calm", New: func(env providers.Env) (providers.Provider, error) {
		c.env = env
		return c, nil
	}}}
	if run != nil {
		all = append(all, providers.Factory{Surface: "noisy", New: func(env providers.Env) (providers.Provider, error) {
			return &nuisance{env: env, run: run}, nil
		}})
	}
	token := config.Secret("test")
	dir := filepath.Join(b.dir, "noise-"+name)
	g, err := gateway.New(gateway.Options{
		StateDir: dir, Start: config.StartOptions{Token: &token}, AnyPort: true, Providers: all, Runner: prompt{},
		Getenv: func(string) string { return "" }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Config: config.Parse(filepath.Join(dir, "clawdbot.json"), `{"routing": {"queue": {"mode": "followup"}}}`, func(string) string { return "" }),
	})
	if err != nil {
		return 0, err
	}
	defer stop(g)
	select {
	case env := <-c.up:
		return b.converse(c, env)
	case <-time.After(10 * time.Second):
		return 0, errors.New("the calm surface did not come up")
	}
}

// converse has somebody write at a steady pace, whether the last message was answered or not.
func (b *bench) converse(c *calm, env providers.Env) (float64, error) {
	written := map[string]time.Time{}
	var took []float64
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	limit := time.After(b.dur + 20*time.Second)
	for n, total := 0, int(b.dur/pace); len(took) < total; {
		select {
		case <-ticker.C:
			if n == total {
				continue
			}
			id := strconv.Itoa(n)
			n++
			written[id] = time.Now()
			go func() { // as fast as the disk takes it, and no faster
				_ = env.Receive(b.ctx, groupMessage(id, "calm-"+strconv.Itoa(n%32), id))
			}()
		case id := <-c.answered:
			if at, ok := written[id]; ok {
				took = append(took, float64(time.Since(at).Microseconds())/1000)
				delete(written, id)
			}
		case <-limit:
			return 0, fmt.Errorf("%d of %d messages were not answered", total-len(took), total)
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
	}
	slices.Sort(took)
	return took[len(took)*99/100], nil
}

func groupMessage(id, chat, text string) providers.Incoming {
	return providers.Incoming{
		ID: id, Chat: chat, Kind: providers.Group, Text: text, Mentioned: true, Time: time.Now(),
		Sender: providers.Sender{ID: "7", Name: "Somebody"},
	}
}

// calm is a surface on which all is well.
type calm struct {
	env      providers.Env
	up       chan providers.Env
	answered chan string
}

func (c *calm) Run(ctx context.Context) error {
	c.env.State(providers.Status{Link: providers.LinkUp})
	c.up <- c.env
	<-ctx.Done()
	return nil
}

func (c *calm) Send(_ context.Context, m providers.Outgoing) (providers.Receipt, error) {
	c.answered <- m.Route.ReplyTo
	return providers.Receipt{MessageID: m.Key}, nil
}

func (c *calm) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 4000, Markup: providers.Markdown}
}

// nuisance is a surface that misbehaves.
type nuisance struct {
	env providers.Env
	run func(ctx context.Context, env providers.Env) error
}

func (n *nuisance) Run(ctx context.Context) error {
	n.env.State(providers.Status{Link: providers.LinkUp})
	return n.run(ctx, n.env)
}

// Send never ends by itself.
func (n *nuisance) Send(ctx context.Context, _ providers.Outgoing) (providers.Receipt, error) {
	<-ctx.Done()
	return providers.Receipt{}, &providers.SendError{Class: providers.Ambiguous, Err: ctx.Err()}
}

func (n *nuisance) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 4000, Markup: providers.Plain}
}

// hang has a few messages whose answers hang, and does not react to its stop for a while.
func hang(ctx context.Context, env providers.Env) error {
	for i := range 16 {
		_ = env.Receive(ctx, groupMessage(strconv.Itoa(i), "hung-"+strconv.Itoa(i), "hello"))
	}
	<-ctx.Done()
	return nil
}

// flood offers 10,000 messages a second.
func flood(ctx context.Context, env providers.Env) error {
	var n atomic.Int64
	places := make(chan struct{}, 20_000) // what a platform would hold back
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for range 100 {
			select {
			case places <- struct{}{}:
			default:
				continue
			}
			go func() {
				defer func() { <-places }()
				id := strconv.FormatInt(n.Add(1), 10)
				_ = env.Receive(ctx, groupMessage(id, "flooded-"+id[len(id)-1:], "flood "+id))
			}()
		}
	}
}

// panics crashes as often as it is started.
func panics(ctx context.Context, env providers.Env) error {
	_ = env.Receive(ctx, groupMessage(strconv.FormatInt(time.Now().UnixNano(), 10), "crashing", "hello"))
	panic("a surface that panics")
}

// leak keeps memory and goroutines that it does not need: 20 MiB and 2,000 goroutines a second.
func leak(ctx context.Context, _ providers.Env) error {
	var kept [][]byte
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = kept
			return nil
		case <-ticker.C:
		}
		kept = append(kept, make([]byte, 200<<10))
		for range 20 {
			go func() { <-ctx.Done() }()
		}
	}
}
