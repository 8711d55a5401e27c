package tui

import (
	"encoding/json"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

const toldFor = 6 // seconds for which something is told

// command is what an update wants done beside the screen.
type command = tea.Cmd

// model is everything that the screen shows.
type model struct {
	o      Options
	send   func(tea.Msg) // from other goroutines
	width  int
	height int

	cli      *client.Client // nil until the first connection
	live     bool
	why      string    // why it is not
	again    time.Time // when the next attempt is
	attempts int
	fatal    error

	key       string // of the session
	entries   []*entry
	loaded    bool
	loading   int // number of the last request for history; older answers do not count
	turns     []*turn
	runs      map[string]bool // runs of others that are going on, by chat run id
	unread    map[string]bool
	row       *wire.SessionRow
	def       wire.SessionDefaults
	thinking  string
	models    []wire.ModelInfo
	approvals []approval

	in       input
	picker   *picker
	scroll   int    // lines between the end and what is shown
	notice   string // what was done or refused last
	toldFor  int    // seconds for which it has been told
	toldLast string
	quit     bool // Ctrl-C was pressed once
	open     bool // tools are shown open
}

// turn is a message of ours that has no final answer yet.
type turn struct {
	id, text string
	steer    bool
	entry    *entry
	begun    bool
	calling  bool
}

// Messages of the program.
type (
	connected struct{ c *client.Client }
	refused   struct {
		err   error
		fatal bool
	}
	dialAgain struct{}
	hello     struct{}
	lost      struct{ err error }
	event     struct{ client.Event }
	gap       struct{}
	loaded    struct {
		no       int
		key      string
		entries  []*entry
		thinking string
		err      error
	}
	listed struct {
		r   wire.SessionsListResult
		err error
	}
	catalog struct {
		models []wire.ModelInfo
		err    error
	}
	answered struct {
		turn *turn
		err  error
	}
	told   struct{ text string } // for the notice line
	second struct{}
)

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return tea.Batch(m.dial(), everySecond()) }

func everySecond() tea.Cmd { return tea.Tick(time.Second, func(time.Time) tea.Msg { return second{} }) }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m, m.onKey(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case tea.MouseWheelMsg:
		m.onWheel(msg)
	case second: // for the seconds that are counted down, and for what was told long enough
		if m.toldFor++; m.notice != m.toldLast {
			m.toldFor, m.toldLast = 0, m.notice
		} else if m.toldFor >= toldFor {
			m.notice = ""
		}
		return m, everySecond()
	default:
		return m, m.onGateway(msg)
	}
	return m, nil
}

// onGateway takes what comes from the gateway, or from the way to it.
func (m *model) onGateway(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case connected:
		m.cli = msg.c
		return m.onHello()
	case refused:
		return m.onRefused(msg)
	case dialAgain:
		return m.dial()
	case hello:
		if m.cli != nil { // else it is the first one, and the client is not here yet
			return m.onHello()
		}
	case lost:
		m.onLost(msg.err)
	case gap:
		return tea.Batch(m.load(), m.list())
	case event:
		return m.onEvent(msg.Event)
	case loaded:
		m.onLoaded(msg)
	case listed:
		return m.onListed(msg)
	case catalog:
		return m.onCatalog(msg)
	case approvalsFound:
		m.onApprovals(msg)
	case answered:
		return m.onAnswered(msg)
	case told:
		m.notice = msg.text
	}
	return nil
}

func (m *model) paste(text string) {
	if m.picker != nil {
		if m.picker.typing {
			m.picker.find += oneLine(text)
		}
		return
	}
	if !m.in.insert(text) {
		m.notice = fmt.Sprintf("A message has at most %d characters: the rest was left out.", maxInput)
	}
}

func (m *model) onWheel(msg tea.MouseWheelMsg) {
	switch msg.Button {
	case tea.MouseWheelUp:
		m.scroll += 3
	case tea.MouseWheelDown:
		m.scroll = max(0, m.scroll-3)
	}
}

// running tells whether the session has a run going on that we know of.
func (m *model) running() bool {
	if len(m.runs) > 0 {
		return true
	}
	for _, t := range m.turns {
		if t.begun {
			return true
		}
	}
	return false
}

// active is the turn that Esc stops.
func (m *model) active() *turn {
	for _, t := range m.turns {
		if t.begun && !t.steer {
			return t
		}
	}
	return nil
}

// say begins a turn. One that is written while another runs is offered to that one.
func (m *model) say(text string) tea.Cmd {
	t := &turn{id: m.o.NewID(), text: text, steer: m.running()}
	t.entry = &entry{kind: "user", text: clean(text), runID: t.id, state: "sending", at: time.Now()}
	m.entries = append(m.entries, t.entry)
	m.turns = append(m.turns, t)
	m.scroll, m.notice = 0, ""
	return m.submit(t)
}

// submit sends a turn, or sends it again under its key.
func (m *model) submit(t *turn) tea.Cmd {
	if t.calling {
		return nil
	}
	if !m.live {
		m.mark(t, "offline")
		return nil
	}
	switch {
	case t.steer:
		m.mark(t, "steering")
	default:
		m.mark(t, "sending")
	}
	t.calling = true
	p := wire.ChatSendParams{SessionKey: m.key, Message: t.text, IdempotencyKey: t.id, Steer: t.steer}
	cli, ctx := m.cli, m.o.Context
	return func() tea.Msg { return answered{t, cli.Call(ctx, "chat.send", p, nil)} }
}

func (m *model) mark(t *turn, state string) {
	t.entry.state = state
	t.entry.changed()
}

// onAnswered is the end of a turn of ours, or of the connection.
func (m *model) onAnswered(msg answered) tea.Cmd {
	t := msg.turn
	t.calling = false
	if msg.err != nil && !isRefusal(msg.err) { // the connection went away: it is sent again when there is another one
		m.mark(t, "offline")
		return nil
	}
	steered := t.entry.state == "taken"
	m.drop(t)
	if msg.err != nil {
		text := oneLine(refusalText(msg.err))
		if t.begun || t.entry.state == "" {
			m.note("Failed: "+text, "failed")
		} else {
			m.mark(t, "refused")
			m.note("Not sent: "+text, "failed")
			m.in.insert(t.text) // nothing that was written is lost
		}
	} else if !steered {
		m.mark(t, "")
	}
	return tea.Batch(m.load(), m.list())
}

func (m *model) drop(t *turn) {
	for i, o := range m.turns {
		if o == t {
			m.turns = append(m.turns[:i], m.turns[i+1:]...)
			return
		}
	}
}

// note puts a line of our own into the conversation.
func (m *model) note(text, state string) {
	m.entries = append(m.entries, &entry{kind: "note", text: text, state: state, at: time.Now()})
}

// abort stops the run that is going on.
func (m *model) abort() tea.Cmd {
	t := m.active()
	if t == nil {
		for id := range m.runs {
			return m.abortRun(id)
		}
		return nil
	}
	return m.abortRun(t.id)
}

func (m *model) abortRun(id string) tea.Cmd {
	m.notice = "Stopping"
	return m.call("chat.abort", wire.ChatAbortParams{SessionKey: m.key, RunID: id}, func(_ json.RawMessage, err error) tea.Msg {
		if err != nil {
			return told{"Could not stop: " + oneLine(err.Error())}
		}
		return told{""}
	})
}
