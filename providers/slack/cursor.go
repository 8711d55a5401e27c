package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

const (
	cursorKey    = "read"
	maxReads     = 200             // conversations and threads that are remembered, the newest
	aliveEvery   = time.Minute     // how often it is written that nothing happened
	storeTimeout = 5 * time.Second // of one write
)

// reads is how far each conversation and thread was read, and when the link was last seen alive. The store has it too, a little
// later: what is read twice the inbox recognises.
type reads struct {
	mu     sync.Mutex // guards the following fields
	known  bool
	state  readState
	held   map[string]bool // conversations whose gap is not yet closed: their place does not move
	paused bool            // gaps are being closed: Alive does not move
	dirty  bool
	wrote  time.Time
}

// readState is the value under the cursor's key.
type readState struct {
	Alive  string            `json:"alive"`  // timestamp
	Places map[string]string `json:"places"` // timestamp by channel, or channel:thread
}

// load reads the cursor once per provider.
func (r *reads) load(ctx context.Context, p *Provider) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known {
		return nil
	}
	raw, err := p.env.Cursor.Get(ctx, cursorKey)
	if err != nil {
		return err
	}
	r.held = map[string]bool{}
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &r.state); err != nil {
			p.env.Log.Warn("slack cursor unreadable, reading begins now", "account", p.env.Account, "err", err)
			r.state = readState{}
		}
	}
	if r.state.Places == nil {
		r.state.Places = map[string]string{}
	}
	r.known = true
	return nil
}

func placeKey(channel, thread string) string {
	if thread == "" {
		return channel
	}
	return channel + ":" + thread
}

// advance notes that a message was taken.
func (r *reads) advance(channel, thread, ts string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := placeKey(channel, thread)
	if r.held[channel] || !newer(ts, r.state.Places[key]) {
		return
	}
	r.state.Places[key] = ts
	r.dirty = true
	for len(r.state.Places) > maxReads {
		oldest := ""
		for k, v := range r.state.Places {
			if oldest == "" || newer(r.state.Places[oldest], v) {
				oldest = k
			}
		}
		delete(r.state.Places, oldest)
	}
}

// alive notes that the link worked at a time.
func (r *reads) alive(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ts := stampOf(at); !r.paused && newer(ts, r.state.Alive) {
		r.state.Alive = ts
		if at.Sub(r.wrote) >= aliveEvery {
			r.dirty = true
		}
	}
}

// begin is the state at the start of a connection. Nothing in it moves until the gap of its conversation is closed.
func (r *reads) begin() readState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := readState{Alive: r.state.Alive, Places: maps.Clone(r.state.Places)}
	r.held = map[string]bool{}
	for key := range s.Places {
		channel, _, _ := strings.Cut(key, ":")
		r.held[channel] = true
	}
	r.paused = s.Alive != ""
	return s
}

// closed: the gap of a conversation is closed; with "" all are.
func (r *reads) closed(channel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if channel == "" {
		r.held, r.paused = map[string]bool{}, false
		return
	}
	delete(r.held, channel)
}

func (r *reads) flushIfDue(ctx context.Context, p *Provider) {
	r.mu.Lock()
	due := r.dirty && time.Since(r.wrote) >= p.opt.flush
	r.mu.Unlock()
	if due {
		r.flush(ctx, p)
	}
}

// flush writes the cursor. That it cannot is no reason to stop.
func (r *reads) flush(ctx context.Context, p *Provider) {
	r.mu.Lock()
	raw, err := json.Marshal(r.state)
	dirty := r.dirty
	r.dirty, r.wrote = false, time.Now()
	r.mu.Unlock()
	if !dirty {
		return
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, min(storeTimeout, p.opt.call))
		defer cancel()
		err = p.env.Cursor.Set(ctx, cursorKey, string(raw))
	}
	if err != nil {
		p.env.Log.Debug("slack cursor not written", "account", p.env.Account, "err", fmt.Sprint(err))
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
	}
}
