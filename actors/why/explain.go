package why

import (
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// refusals are the notes of messages that are not answered, and what its owner can do about it.
var refusals = map[string]string{
	"sender not allowed":             "the sender is not on the list of those who may write here",
	"stale":                          "it was older than routing.maxAgeMinutes when it came (a day unless set): nobody waits for an answer any more",
	"too many pairing codes pending": "the sender is unknown, and too many others wait for a pairing code: see clawdbot pairing list",
	"denied by the send policy":      "session.sendPolicy, or /send off, keeps this session from being answered",
	"queue cap":                      "too many messages waited for this session (routing.queue.cap)",
	"empty":                          "there was nothing in it",
	store.NotAddressed:               "a group message that is not addressed to the bot. The agent is shown it with the next one that is; requireMention and /activation say when the bot speaks",
}

// decided says what was decided about an inbound message.
func decided(row store.Inbound, in providers.Incoming, ran bool) string {
	switch {
	case row.State == store.InboundPending:
		return "it waits for the router"
	case ran:
		return "admitted: a turn of the agent"
	case row.Payload == nil:
		return "it was seen; why it ended so is kept for 30 days"
	case row.State == store.InboundPaired && row.Note != "":
		return "the sender is unknown and had been sent a pairing code less than a minute before: see clawdbot pairing list"
	case row.State == store.InboundPaired:
		return "the sender is unknown and was sent a pairing code. clawdbot pairing list shows it, clawdbot pairing approve lets them in"
	case row.State == store.InboundDropped:
		return refused(row.Note, in)
	}
	return handled(row.Note)
}

func refused(note string, in providers.Incoming) string {
	text, known := refusals[note]
	switch {
	case !known:
		return "refused: " + note
	case note == "sender not allowed" && in.Kind == providers.Direct:
		return text + " (allowFrom)"
	}
	return text
}

// handled says what a message was that the gateway itself dealt with.
func handled(note string) string {
	switch {
	case note == "stop word":
		return "a stop word: what ran or waited in the session was ended"
	case note == "empty":
		return "there was no text in it, and its sender was told so"
	case note == "directives":
		return "only directives: they hold from now on, and its sender was told so"
	case note == "refused":
		return "a directive that was refused; its sender was told why"
	case note == "note":
		return "something that happened in the chat: the agent is told with its next turn, nobody is answered"
	case strings.HasPrefix(note, "command "):
		return "the command /" + strings.TrimPrefix(note, "command ")
	}
	return "admitted; its run is kept no longer"
}

// turn says how a run stands.
func turn(r store.Run) string {
	switch r.State {
	case store.RunAccepted:
		switch {
		case r.Stop:
			return "somebody said stop: it is about to end"
		case r.Mode == agent.ModeSteered:
			return "told to the run in progress; should that one fail, it has a turn of its own"
		}
		return "it waits until its session is free"
	case store.RunRunning:
		return "the agent works on it"
	case store.RunError:
		if strings.Contains(r.Error, "(agent.limits.") {
			return "a limit ended it, and the chat was told so: see clawdbot usage"
		}
		if r.Kind == string(agent.KindInbound) {
			return "it failed; the chat was told that something went wrong, without the reason"
		}
		return "it failed"
	case store.RunAborted:
		switch {
		case strings.HasPrefix(r.Error, "dropped: "):
			return r.Error + " (routing.queue.cap)"
		case r.Error != "":
			return "it was ended early: " + r.Error
		}
		return "it was ended early: a stop word, an abort, its time limit, or a message in queue mode " + "interrupt"
	}
	switch id := into(r); {
	case id == "":
		return "the agent answered"
	case strings.HasPrefix(r.Error, "steered"):
		return "it was told to the run in progress, which answered both"
	}
	return "it waited and was answered together with the messages behind it"
}

// silent says why a run that ended well has nothing in the outbox.
func silent(r store.Run, said string) string {
	switch {
	case r.State != store.RunDone || into(r) != "":
		return said
	case len(r.Route) == 0:
		return "the agent answered its caller; nothing was to be sent to a chat"
	}
	return "nothing was sent: the agent had nothing to say (an empty answer, NO_REPLY), or it is more than 7 days ago"
}

// summary is the way in a sentence.
func summary(r wire.WhyResult) string {
	if len(r.Runs) == 0 && len(r.Inbound) == 1 && (r.Inbound[0].State == store.InboundDropped || r.Inbound[0].State == store.InboundPaired) {
		return "Not answered: " + r.Inbound[0].Explanation + "."
	}
	if len(r.Outbox) > 0 {
		return delivery(r.Outbox)
	}
	if n := len(r.Runs); n > 0 {
		run := r.Runs[n-1]
		if run.Error != "" && run.State == store.RunError {
			return "Not answered: " + run.Explanation + ": " + run.Error
		}
		return capital(run.Explanation) + "."
	}
	if len(r.Inbound) > 0 {
		return capital(r.Inbound[0].Explanation) + "."
	}
	if c := r.Call; c != nil && c.Error != "" {
		return "Not sent: " + c.Error
	}
	return "Nothing has been sent."
}

// delivery says how the items of one text stand: of the worst of them.
func delivery(items []wire.OutboxItem) string {
	for _, state := range []string{store.OutFailed, store.OutAmbiguous, store.OutSending, store.OutQueued} {
		for _, it := range items {
			if it.State != state {
				continue
			}
			where := fmt.Sprintf("%s chat %s", it.Account, it.Chat)
			switch state {
			case store.OutFailed:
				return fmt.Sprintf("Not delivered to %s: %s. To send it again: clawdbot outbox retry %d.", where, cut(it.Reason, maxReason), it.ID)
			case store.OutAmbiguous:
				return fmt.Sprintf("It may or may not have arrived in %s: %s. Look there, then: clawdbot outbox retry %d, or drop %d.", where, cut(it.Reason, maxReason), it.ID, it.ID)
			case store.OutSending:
				return "It is being sent to " + where + "."
			}
			if it.Reason != "" {
				return fmt.Sprintf("It waits to be sent to %s: %s.", where, cut(it.Reason, maxReason))
			}
			return "It waits to be sent to " + where + "."
		}
	}
	last := items[len(items)-1]
	parts := "1 message"
	if len(items) > 1 {
		parts = fmt.Sprintf("%d messages", len(items))
	}
	return fmt.Sprintf("Delivered: %s to %s chat %s.", parts, last.Account, last.Chat)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
