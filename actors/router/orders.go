package router

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// orders are what a message asks of the gateway itself.
type orders struct {
	*route
	entry *wire.SessionEntry
	text  string // what is left of the message for the agent
	agent bool   // there is a turn to be made

	say      []string // to the sender, line by line
	note     string   // what it was, for the inbox
	notes    []string // for the agent's next turn
	thinking string   // level of this turn; "" = as the session has it
	queue    command.Queue
	renewed  bool
	restart  bool
}

// read carries out what a known sender's message asks for: its directives, then the command that is left.
func (o *orders) read() {
	d := command.ParseDirectives(o.text, o.sure)
	if d.Any() {
		changed := *o.entry
		if refusal := o.settle(d, &changed); refusal != "" {
			o.done("refused", refusal)
			o.notes = nil
			return
		}
		*o.entry, o.text = changed, d.Rest
	}
	if d.Alone {
		o.agent, o.note = false, "directives"
	} else if c, ok := command.Parse(o.text); ok {
		o.obey(c)
		return
	} else {
		o.say = nil // the turn's answer is answer enough
	}
	if d.Status {
		o.say = append(o.say, o.status())
	}
}

// done ends with something to say, and nothing else.
func (o *orders) done(note, text string) {
	o.agent, o.note, o.say = false, note, []string{text}
}

// sure tells whether a word beside other text is meant as a model.
func (o *orders) sure(name string) bool {
	m, err := o.o.Model(name)
	return m.Sure || err != nil && strings.Contains(name, "/")
}

// obey carries out a command.
func (o *orders) obey(c command.Command) {
	note := "command " + string(c.Name)
	switch c.Name {
	case command.Status:
		o.done(note, o.status())
	case command.Restart:
		if o.restart = o.o.Restart != nil; o.restart {
			o.done(note, "Restarting. I am back in a moment.")
		} else {
			o.done(note, "A restart is not available here.")
		}
	case command.Activation:
		o.done(note, o.activate(c.Setting))
	case command.Send:
		o.done(note, o.send(c.Setting))
	}
}

func (o *orders) activate(s command.Setting) string {
	const usage = "Use /activation mention or /activation always."
	switch {
	case o.in.Kind == providers.Direct:
		return "Activation is a setting of groups."
	case s.Raw != "" && s.Value == "":
		return fmt.Sprintf("There is no activation %q. %s", s.Raw, usage)
	case s.Value == "":
		return "Group activation: " + o.activation(o.entry) + ". " + usage
	}
	o.entry.GroupActivation, o.entry.GroupActivationNeedsSysIntr = s.Value, new(true)
	return "Group activation set to " + s.Value + "."
}

func (o *orders) send(s command.Setting) string {
	const usage = "Use /send on, /send off or /send inherit."
	if s.Raw != "" && s.Value == "" {
		return fmt.Sprintf("There is no send policy %q. %s", s.Raw, usage)
	}
	name := map[string]string{"allow": "on", "deny": "off", "": "inherit", "inherit": "inherit"}
	if s.Value == "" {
		return "Send policy of this session: " + name[o.entry.SendPolicy] + ". " + usage
	}
	if o.entry.SendPolicy = s.Value; s.Value == "inherit" {
		o.entry.SendPolicy = ""
	}
	return "Send policy of this session set to " + name[s.Value] + "."
}

func (o *orders) status() string {
	return o.o.Status(Status{
		Key: o.decision.session, Entry: *o.entry, Surface: o.row.Surface, Account: o.row.Account, Activation: o.activation(o.entry),
		Elevated: o.elevated(o.entry), Verbose: cmp.Or(o.entry.VerboseLevel, o.policy.Verbose, "off"),
		Queue: o.o.Queue(*o.entry, o.row.Surface).Mode,
	})
}
