package router

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// applyMessage does what a message asks of the gateway, and accepts a turn for what it asks of the agent.
func (r *route) applyMessage(tx *store.Tx) error {
	key, o := r.decision.session, orders{route: r, text: r.text(), agent: true}
	if r.decision.known {
		if rest, ok := command.Reset(o.text, r.policy.ResetTriggers); ok {
			o.text, o.renewed = rest, true
			if err := r.o.Reset(tx, key); err != nil {
				return err
			}
		}
	}
	e, isNew, err := r.o.Open(tx, key, r.to, r.place())
	if err != nil {
		return err
	}
	if o.entry = &e; r.decision.known && o.text != "" {
		o.read()
	}
	for _, note := range o.notes {
		if err := tx.AddNote(key, note, ""); err != nil {
			return err
		}
	}
	if len(o.say) > 0 {
		if err := r.reply(tx, strings.Join(o.say, "\n")); err != nil {
			return err
		}
	}
	r.restart = o.restart
	switch {
	case !o.agent:
		err = r.end(tx, store.InboundRouted, o.note)
	case r.o.Denied(key, e):
		err = r.end(tx, store.InboundDropped, "denied by the send policy")
	default:
		e, err = r.applyRun(tx, &o, isNew)
	}
	if err != nil {
		return err
	}
	return tx.PutEntry(key, e)
}

// text is what the message says. The name by which a group calls us is no part of a command.
func (r *route) text() string {
	text := strings.TrimSpace(r.in.Text)
	if r.in.Kind == providers.Direct || !r.decision.known {
		return text
	}
	bare := r.policy.unmentioned(text)
	_, reset := command.Reset(bare, r.policy.ResetTriggers)
	if _, ok := command.Parse(bare); ok || reset || command.Control(bare) {
		return bare
	}
	return text
}

// place is what the message says of its chat. All of it can be changed by others: it is for people to read.
func (r *route) place() Place {
	return Place{Title: inLine(r.in.Title), Space: inLine(r.in.Space), Room: inLine(r.in.Room)}
}

// interrupted notes in the session that its run was stopped.
func (r *route) interrupted(tx *store.Tx) error {
	e, _, err := r.o.Open(tx, r.decision.session, r.to, r.place())
	if err != nil {
		return err
	}
	e.AbortedLastRun = new(true)
	return tx.PutEntry(r.decision.session, e)
}

// activation says when we speak in the group of the message.
func (r *route) activation(e *wire.SessionEntry) string {
	switch {
	case r.in.Kind == providers.Direct:
		return ""
	case e.GroupActivation != "":
		return e.GroupActivation
	case r.policy.rule(r.in).Mention:
		return "mention"
	}
	return "always"
}

// owner says whether the sender is one of those whom the gateway works for: named on the allowlist by the id, not let in with
// everybody or by a code, and alone with us, so that nobody else's words are in the message.
func (r *route) owner() bool {
	if r.in.Kind != providers.Direct {
		return false
	}
	named := func(list []string) bool {
		return listed(slices.DeleteFunc(slices.Clone(list), func(e string) bool { return e == "*" }), r.row.Surface, r.in.Sender.ID)
	}
	return r.in.Owner || named(r.policy.AllowFrom) || named(r.policy.rule(r.in).From)
}

// mayElevate says whether the sender may use elevated mode: by ids only, since names can be taken over.
func (r *route) mayElevate() bool {
	ids := []string{r.in.Sender.ID}
	if r.in.Kind == providers.Direct {
		ids = append(ids, r.in.Chat)
	}
	return slices.ContainsFunc(ids, func(id string) bool { return listed(r.policy.ElevatedFrom, r.row.Surface, id) })
}

// elevated is whether commands of the sender's turns run outside the sandbox: on, off, or "" for one who has no say in it.
func (r *route) elevated(e *wire.SessionEntry) string {
	if !r.mayElevate() {
		return ""
	}
	return cmp.Or(e.ElevatedLevel, r.policy.Elevated, "on")
}
