package tui

import (
	"context"
	"io"

	tea "charm.land/bubbletea/v2"

	"github.com/clawdbot/gateway/transport/client"
)

// Options for Run.
type Options struct {
	Context context.Context // ends the program
	Client  client.Options  // where to, and with what; callbacks and Reconnect are set by Run
	Session string          // key of the session that is opened first
	Input   io.Reader       // a terminal
	Output  io.Writer       // a terminal
	Environ []string
	// NewID makes a key for a message, which no other message ever has.
	NewID func() string
}

// Run shows the chat until the person leaves or the gateway refuses the credentials, which is the error then.
func Run(o Options) error {
	m := &model{o: o, key: o.Session, runs: map[string]bool{}, unread: map[string]bool{}}
	p := tea.NewProgram(m, tea.WithContext(o.Context), tea.WithInput(o.Input), tea.WithOutput(o.Output), tea.WithEnvironment(o.Environ))
	m.send = func(msg tea.Msg) { p.Send(msg) }
	_, err := p.Run()
	if m.cli != nil {
		_ = m.cli.Close() // the program is over, whatever became of it
	}
	if m.fatal != nil {
		return m.fatal
	}
	if err != nil && o.Context.Err() != nil {
		return context.Cause(o.Context)
	}
	return err
}
