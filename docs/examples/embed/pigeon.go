package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// pigeon is a surface made of files. A message is a file DIR/in/SENDER.ANYTHING, whose name is used once ever; it is
// deleted when the gateway has it. An answer is a file in DIR/out/SENDER. A file DIR/closed shuts the gateway out.
//
// Write a message under a name that starts with a dot and rename it, so that no half of it is read.
type pigeon struct {
	env             providers.Env
	in, out, closed string // paths
	running         atomic.Bool
}

// lookEvery is the pause between two looks at the letter box, as a platform without push is polled.
const lookEvery = 50 * time.Millisecond

var errClosed = errors.New("the loft is closed to this gateway")

// newPigeon reads the section "pigeon" of the configuration.
func newPigeon(env providers.Env) (providers.Provider, error) {
	var section struct {
		Dir string `json:"dir"`
	}
	if err := json.Unmarshal(env.Config, &section); err != nil {
		return nil, fmt.Errorf("pigeon: %w", err)
	}
	if section.Dir == "" {
		return nil, errors.New("pigeon.dir: is required")
	}
	in := func(name string) string { return filepath.Join(section.Dir, name) }
	return &pigeon{env: env, in: in("in"), out: in("out"), closed: in("closed")}, nil
}

func (p *pigeon) Capabilities() providers.Capabilities {
	return providers.Capabilities{MaxText: 2000, Markup: "plain", SenderIDs: true}
}

// Run looks for messages until ctx ends. Trouble is shown and tried again: only what cannot be mended ends Run.
func (p *pigeon) Run(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return errors.New("pigeon: runs already")
	}
	defer p.running.Store(false)
	defer p.env.State(providers.Status{Link: providers.LinkDown, Reason: "stopped"})
	p.env.State(providers.Status{Link: providers.LinkConnecting, Mode: "polling", Self: "the loft"})
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for shown := "nothing yet"; ctx.Err() == nil; {
		trouble := ""
		if _, err := os.Stat(p.closed); err == nil {
			return providers.Terminal(errClosed)
		}
		if err := p.collect(ctx); err != nil {
			trouble = err.Error()
		}
		if trouble != shown && ctx.Err() == nil {
			shown = trouble
			p.report(trouble)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func (p *pigeon) report(trouble string) {
	if trouble != "" {
		p.env.State(providers.Status{Link: providers.LinkDegraded, Reason: trouble})
		return
	}
	p.env.State(providers.Status{Link: providers.LinkUp, LastSeen: p.env.Now()})
}

// collect hands over what lies in the box, oldest name first.
func (p *pigeon) collect(ctx context.Context) error {
	if err := os.MkdirAll(p.in, 0o700); err != nil {
		return err
	}
	box, err := os.ReadDir(p.in)
	if err != nil {
		return err
	}
	for _, f := range box {
		sender, _, _ := strings.Cut(f.Name(), ".")
		if sender == "" || !f.Type().IsRegular() {
			continue
		}
		path := filepath.Join(p.in, f.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if len(text) == 0 { // somebody is just writing it
			continue
		}
		err = p.env.Receive(ctx, providers.Incoming{
			ID: f.Name(), Chat: sender, Kind: providers.Direct, Sender: providers.Sender{ID: sender, Name: sender},
			Text: strings.TrimSpace(string(text)), Time: p.env.Now(),
		})
		if err != nil {
			return err // it stays in the box
		}
		p.env.State(providers.Status{LastSeen: p.env.Now()})
		if err := os.Remove(path); err != nil { // only now: the gateway has it on disk
			return err
		}
	}
	return nil
}

// Send writes one answer. The same key is the same file: a repeat after a crash changes nothing.
func (p *pigeon) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	if ctx.Err() != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Transient, Err: ctx.Err()}
	}
	chat := m.Route.Chat
	if chat == "" || chat != filepath.Base(chat) || strings.HasPrefix(chat, ".") { // a client may name any chat
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: errors.New("no such chat")}
	}
	name := url.PathEscape(m.Key) + ".txt"
	if err := writeWhole(filepath.Join(p.out, chat), name, m.Text+"\n"); err != nil {
		// Whatever failed, nobody has seen the answer: it may be tried again.
		return providers.Receipt{}, &providers.SendError{Class: providers.Transient, Err: err}
	}
	return providers.Receipt{MessageID: name, ChatID: chat}, nil
}

// writeWhole makes a file appear with all of its text or not at all.
func writeWhole(dir, name, text string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft := filepath.Join(dir, "."+name)
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(dir, name))
}
