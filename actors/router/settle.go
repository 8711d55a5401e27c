package router

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/transport/wire"
)

// settle puts directives into a session's entry and says so. A refusal is all there is to say then, and the entry is
// not to be used.
func (o *orders) settle(d command.Directives, e *wire.SessionEntry) (refusal string) {
	if d.Elevated != nil && !o.mayElevate() {
		return "Elevated mode is not available to you here."
	}
	for _, step := range []func(command.Directives, *wire.SessionEntry) string{
		o.settleThink, o.settleVerbose, o.settleElevated, o.settleModel, o.settleQueue,
	} {
		if refusal := step(d, e); refusal != "" {
			return refusal
		}
	}
	return ""
}

func (o *orders) tell(format string, args ...any) {
	o.say = append(o.say, fmt.Sprintf(format, args...))
}

func (o *orders) settleThink(d command.Directives, e *wire.SessionEntry) string {
	levels := strings.Join(command.ThinkingLevels[:], ", ")
	switch s := d.Think; {
	case s == nil:
	case s.Raw == "":
		o.tell("Thinking level: %s. Levels: %s.", o.o.Thinking(*e), levels)
	case s.Value == "":
		return fmt.Sprintf("There is no thinking level %q. Levels: %s.", s.Raw, levels)
	default:
		e.ThinkingLevel, o.thinking = unlessOff(s.Value), s.Value
		o.confirm("Thinking level", s.Value, o.o.Thinking(*e))
	}
	return ""
}

func (o *orders) settleVerbose(d command.Directives, e *wire.SessionEntry) string {
	now := func() string { return cmp.Or(e.VerboseLevel, o.policy.Verbose, "off") }
	switch s := d.Verbose; {
	case s == nil:
	case s.Raw == "":
		o.tell("Verbose: %s. Levels: on, off.", now())
	case s.Value == "":
		return fmt.Sprintf("There is no verbose level %q. Levels: on, off.", s.Raw)
	default:
		e.VerboseLevel = unlessOff(s.Value)
		o.confirm("Verbose", s.Value, now())
	}
	return ""
}

// settleElevated keeps an "off", unlike the others: where nothing is kept, elevated mode is on.
func (o *orders) settleElevated(d command.Directives, e *wire.SessionEntry) string {
	switch s := d.Elevated; {
	case s == nil:
	case s.Raw == "":
		o.tell("Elevated: %s. Levels: on, off.", o.elevated(e))
	case s.Value == "":
		return fmt.Sprintf("There is no elevated level %q. Levels: on, off.", s.Raw)
	default:
		if e.ElevatedLevel = s.Value; s.Value == o.policy.Elevated {
			e.ElevatedLevel = unlessOff(s.Value)
		}
		o.confirm("Elevated", s.Value, o.elevated(e))
	}
	return ""
}

// confirm says what was set; and what holds, where the configuration makes that something else.
func (o *orders) confirm(what, value, holds string) {
	if value == holds {
		o.tell("%s set to %s.", what, value)
		return
	}
	o.tell("%s is no longer set for this session; the configuration says %s.", what, holds)
}

// unlessOff: what is off is not kept, so that the configuration holds again.
func unlessOff(level string) string {
	if level == "off" {
		return ""
	}
	return level
}

func (o *orders) settleModel(d command.Directives, e *wire.SessionEntry) string {
	s := d.Model
	if s == nil {
		return ""
	}
	if s.Raw == "" || strings.EqualFold(s.Raw, "status") {
		o.tell("%s", o.models(e))
		return ""
	}
	m, err := o.o.Model(s.Raw)
	if err != nil {
		return err.Error() + ". /model lists what may be chosen."
	}
	if e.ProviderOverride != m.Provider || e.ModelOverride != m.Model {
		e.ProviderOverride, e.ModelOverride = m.Provider, m.Model
		o.notes = append(o.notes, "Model switched to "+m.Name+".")
	}
	if m.Model == "" {
		m.Name += " (the default)"
	}
	o.tell("Model set to %s.", m.Name)
	return ""
}

// models lists what may be chosen.
func (o *orders) models(e *wire.SessionEntry) string {
	names, others := o.o.Models()
	now := names[0]
	if e.ModelOverride != "" {
		now = e.ProviderOverride + "/" + e.ModelOverride
	}
	lines := []string{"Model: " + now + ". Models that may be chosen with /model:"}
	for i, name := range names {
		if i == 0 {
			name += " (default)"
		}
		lines = append(lines, "- "+name)
	}
	if others {
		lines = append(lines, "- any other, as provider/model")
	}
	return strings.Join(lines, "\n")
}

func (o *orders) settleQueue(d command.Directives, e *wire.SessionEntry) string {
	q := d.Queue
	if q == nil {
		return ""
	}
	const usage = "Settings: steer, followup, collect, steer-backlog or interrupt; debounce:<time>; cap:<number>; drop:old, drop:new or drop:summarize; reset."
	if q.Bad != "" {
		return fmt.Sprintf("There is no queue setting %q. %s", q.Bad, usage)
	}
	if *q == (command.Queue{}) {
		o.tell("Queue: %s. %s", queueText(o.o.Queue(*e, o.row.Surface)), usage)
		return ""
	}
	if q.Reset {
		e.QueueMode, e.QueueDebounceMs, e.QueueCap, e.QueueDrop = "", nil, nil, ""
	}
	if !d.Alone { // for this message only
		o.queue = *q
		return ""
	}
	kept := q.Over(command.Queue{Mode: e.QueueMode, DebounceMs: e.QueueDebounceMs, Cap: e.QueueCap, Drop: e.QueueDrop})
	e.QueueMode, e.QueueDebounceMs, e.QueueCap, e.QueueDrop = kept.Mode, kept.DebounceMs, kept.Cap, kept.Drop
	o.tell("Queue: %s.", queueText(o.o.Queue(*e, o.row.Surface)))
	return ""
}

func queueText(q command.Queue) string {
	return fmt.Sprintf("%s, debounce %d ms, cap %d, drop %s", q.Mode, *q.DebounceMs, *q.Cap, q.Drop)
}
