package tui

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	callLimit    = 30 * time.Second
	historyLimit = 200
	firstPause   = time.Second
	lastPause    = 30 * time.Second
)

// dial makes the first connection. From then on the client reconnects by itself.
func (m *model) dial() tea.Cmd {
	o, send := m.o.Client, m.send
	o.Reconnect = true
	o.OnHello = func(wire.HelloOK) { send(hello{}) }
	o.OnEvent = func(e client.Event) { send(event{e}) }
	o.OnGap = func(int64, int64) { send(gap{}) }
	o.OnClose = func(err error) { send(lost{err}) }
	ctx := m.o.Context
	return func() tea.Msg {
		c, err := client.Dial(ctx, o)
		if err != nil {
			return refused{err, errors.Is(err, client.ErrUnauthorized) || errors.Is(err, client.ErrCertificate) || ctx.Err() != nil}
		}
		return connected{c}
	}
}

func (m *model) onRefused(msg refused) tea.Cmd {
	if msg.fatal {
		m.fatal = msg.err
		return tea.Quit
	}
	pause := min(lastPause, firstPause<<min(m.attempts, 5))
	m.attempts++
	m.why, m.again = oneLine(msg.err.Error()), time.Now().Add(pause)
	return tea.Tick(pause, func(time.Time) tea.Msg { return dialAgain{} })
}

// onHello is every new connection: what may have been missed is asked for, and what has no answer is sent again.
func (m *model) onHello() tea.Cmd {
	m.live, m.why, m.attempts = true, "", 0
	clear(m.runs)
	all := []tea.Cmd{m.load(), m.list(), m.lookForApprovals()}
	for _, t := range m.turns {
		all = append(all, m.submit(t))
	}
	return tea.Batch(all...)
}

func (m *model) onLost(err error) {
	m.live = false
	m.why = "the connection was lost"
	if err != nil {
		m.why = oneLine(err.Error())
	}
	m.again = time.Time{}
}

// call makes a call beside the screen.
func (m *model) call(method string, params any, then func(payload json.RawMessage, err error) tea.Msg) tea.Cmd {
	cli, ctx := m.cli, m.o.Context
	if cli == nil {
		return func() tea.Msg { return then(nil, errors.New("not connected")) }
	}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		var payload wire.Raw
		err := cli.Call(ctx, method, params, &payload)
		return then(json.RawMessage(payload), err)
	}
}

// load asks for the conversation.
func (m *model) load() tea.Cmd {
	m.loading++
	no, key, limit := m.loading, m.key, int64(historyLimit)
	return m.call("chat.history", wire.ChatHistoryParams{SessionKey: key, Limit: &limit}, func(b json.RawMessage, err error) tea.Msg {
		var r struct {
			Messages      []json.RawMessage `json:"messages"`
			ThinkingLevel string            `json:"thinkingLevel"`
		}
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		return loaded{no, key, history(r.Messages), r.ThinkingLevel, err}
	})
}

// onLoaded takes history for what it has, and keeps what it does not have: our messages that wait, and what streams.
func (m *model) onLoaded(msg loaded) {
	if msg.no != m.loading || msg.key != m.key {
		return
	}
	if msg.err != nil {
		if isRefusal(msg.err) {
			m.notice = "The conversation could not be loaded: " + oneLine(refusalText(msg.err))
		}
		return
	}
	m.loaded, m.thinking = true, msg.thinking
	have := map[string]bool{}
	for _, e := range msg.entries {
		if e.runID != "" {
			have[e.runID] = true
		}
		e.open = m.open
	}
	kept := msg.entries
	live := m.running()
	for i, e := range m.entries {
		ours := m.turnOf(e)
		switch {
		case ours != nil && have[ours.id]: // its place is in history now
			for _, h := range msg.entries {
				if h.runID == ours.id {
					h.state, ours.entry = e.state, h
				}
			}
		case ours != nil, e.state == "refused", live && e.kind != "user" && i >= m.liveFrom():
			kept = append(kept, e)
		}
	}
	if live {
		kept = withoutDoubles(kept, len(msg.entries))
	}
	m.entries = kept
}

// liveFrom is where the newest message of a person stands: what comes behind it may still be streaming.
func (m *model) liveFrom() int {
	for i := len(m.entries) - 1; i >= 0; i-- {
		if m.entries[i].kind == "user" {
			return i
		}
	}
	return 0
}

// withoutDoubles drops what streamed and is in history by now.
func withoutDoubles(all []*entry, n int) []*entry {
	known := map[string]bool{}
	for _, e := range all[:n] {
		known[e.kind+e.call+map[bool]string{true: e.text}[e.kind != "tool"]] = true
	}
	kept := all[:n:n]
	for _, e := range all[n:] {
		if e.kind == "user" || !known[e.kind+e.call+map[bool]string{true: e.text}[e.kind != "tool"]] {
			kept = append(kept, e)
		}
	}
	return kept
}

func (m *model) turnOf(e *entry) *turn {
	for _, t := range m.turns {
		if t.entry == e {
			return t
		}
	}
	return nil
}

// list asks for the sessions.
func (m *model) list() tea.Cmd {
	limit := int64(historyLimit)
	return m.call("sessions.list", wire.SessionsListParams{Limit: &limit, IncludeGlobal: true}, func(b json.RawMessage, err error) tea.Msg {
		var r wire.SessionsListResult
		if err == nil {
			err = wire.Unmarshal(b, &r)
		}
		return listed{r, err}
	})
}

func (m *model) onListed(msg listed) tea.Cmd {
	p := m.picker
	if p != nil && p.title != sessionsTitle {
		p = nil
	}
	if msg.err != nil { // the next event asks again
		if p != nil {
			return p.filled(m)
		}
		return nil
	}
	m.def, m.row = msg.r.Defaults, nil
	for i := range msg.r.Sessions {
		if msg.r.Sessions[i].Key == m.key {
			m.row = &msg.r.Sessions[i]
		}
	}
	if p == nil {
		return nil
	}
	p.all = m.sessionChoices(msg.r.Sessions)
	return p.filled(m)
}

// isRefusal tells an answer of the gateway from none.
func isRefusal(err error) bool {
	_, ok := errors.AsType[*wire.Error](err)
	return ok
}

// refusalText is what the gateway said.
func refusalText(err error) string {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
