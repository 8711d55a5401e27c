package session

import (
	"context"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// eventIDs are the run ids on the wire of a run's agent and chat events (protocol 4.1).
func eventIDs(j agent.Job) (eventID, chatID string) {
	switch j.Kind {
	case agent.KindAgent:
		return j.IdemKey, j.IdemKey
	case agent.KindChat:
		return j.SessionID, j.IdemKey
	case "cron", agent.KindNode:
		return j.SessionID, j.SessionID
	default:
		id := agent.WireID(j.ID)
		return id, id
	}
}

// checkEnded answers the callers of a run that has ended already.
func (s *sessions) checkEnded(c *actors.Context[SessionsMessage], run store.Run) {
	actors.Pipe(c, func(ctx context.Context) (o *store.Outcome, err error) {
		err = s.o.Store.View(ctx, func(v *store.View) error {
			out, done, _, err := v.Lookup(run.IdemScope, run.IdemKey)
			if done {
				o = out
			}
			return err
		})
		return o, err
	}, func(o *store.Outcome, _ error) SessionsMessage { return outcomeFound{run.ID, o} })
}

// agentCall is the agent method (protocol 3.6): an acknowledgement at once, the end when there is one.
func agentCall(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, p wire.AgentParams) {
	channel := strings.ToLower(strings.TrimSpace(p.Channel))
	if channel == "imsg" {
		channel = "imessage"
	}
	to := strings.TrimSpace(p.To)
	req := agent.Request{
		Message: strings.TrimSpace(p.Message), System: p.ExtraSystemPrompt, Timeout: p.Timeout, Operator: true, To: to,
		Deliver: p.Deliver,
	}
	thinking, ok := command.Thinking(p.Thinking)
	req.Thinking = thinking
	key := strings.TrimSpace(p.SessionKey)
	switch {
	case req.Message == "":
		req.Problem = "message is empty"
	case !ok:
		req.Problem = "Invalid thinking level. Use one of: off, minimal, low, medium, high."
	case key == "" && p.SessionID == "" && to == "" && !o.hasDefaultRecipient(channel):
		req.Problem = "no session: pass sessionKey, sessionId or to"
	}
	req.BestEffort = key == o.settings().MainKey()
	accept(o, ref, call, proposal{
		kind: agent.KindAgent, idemKey: p.IdempotencyKey, key: key, request: req,
		resolve: func(v *store.View) (string, string, error) { return o.resolveSession(v, p.SessionID) },
		route: func(e wire.SessionEntry) *providers.Route {
			if !p.Deliver {
				return nil
			}
			return o.route(e, channel, to)
		},
	})
}

// resolveSession finds the session of a call that names none by key: by its id, else the main session.
func (o *Options) resolveSession(v *store.View, sessionID string) (key, id string, err error) {
	if sessionID == "" {
		return o.settings().MainKey(), "", nil
	}
	row, err := v.SessionByID(sessionID)
	if err != nil {
		return "", "", err
	}
	if row != nil {
		return row.Key, row.SessionID, nil
	}
	return sessionID, sessionID, nil
}

// chatSend is the chat.send method (protocol 3.8): one answer, when the run has ended.
func chatSend(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, p wire.ChatSendParams) {
	message, err := withAttachments(p.Message, p.Attachments)
	if err != nil {
		call.Fail(err)
		return
	}
	req := agent.Request{Message: message, Plain: p.Message, Operator: call.Peer.Mode != wire.PeerModeNode, Deliver: p.Deliver, BestEffort: true}
	thinking, ok := command.Thinking(p.Thinking)
	req.Thinking = thinking
	if !ok {
		req.Problem = "Invalid thinking level. Use one of: off, minimal, low, medium, high."
	}
	if p.TimeoutMs != nil {
		seconds := (*p.TimeoutMs + 999) / 1000
		req.Timeout = &seconds
	}
	if strings.TrimSpace(message) == "" {
		req.Problem = "message is empty"
	}
	accept(o, ref, call, proposal{
		kind: agent.KindChat, idemKey: p.IdempotencyKey, key: p.SessionKey, request: req, steer: p.Steer && req.Operator,
		route: func(e wire.SessionEntry) *providers.Route {
			if !p.Deliver {
				return nil
			}
			return o.route(e, "last", "")
		},
	})
}

// NodeRequest is what a device node asks for with agent.request (bridge-canvas 1.11).
type NodeRequest struct {
	Message, SessionKey, Thinking string
	Deliver                       bool // to Channel
	Channel, To                   string
	TimeoutSeconds                *int64
}

// Request accepts the run of a node's agent.request. call gets its outcome.
func (o Options) Request(ref actors.Ref[SessionsMessage], call *wire.Call, r NodeRequest) {
	o = o.withDefaults()
	req := agent.Request{Message: r.Message, Plain: r.Message, Deliver: r.Deliver, BestEffort: true, To: r.To, Timeout: r.TimeoutSeconds}
	req.Thinking, _ = command.Thinking(r.Thinking) // what is none counts as absent
	accept(&o, ref, call, proposal{
		kind: agent.KindNode, idemKey: call.ID, key: r.SessionKey, request: req,
		route: func(e wire.SessionEntry) *providers.Route {
			if !r.Deliver {
				return nil
			}
			return o.route(e, r.Channel, r.To)
		},
	})
}

// agentWait is the agent.wait method (protocol 3.7).
func agentWait(ref actors.Ref[SessionsMessage], call *wire.Call, p wire.AgentWaitParams) {
	timeout := 30 * time.Second
	if p.TimeoutMs != nil {
		timeout = time.Duration(min(*p.TimeoutMs, 24*3600*1000)) * time.Millisecond
	}
	if call.Hold != nil {
		call.Hold()
	}
	reply := actors.ReplyTo(func(r WaitResult, err error) { call.Answer(r, err) })
	if err := ref.Tell(Wait{Reply: reply, RunID: strings.TrimSpace(p.RunID), AfterMs: p.AfterMs, Timeout: timeout}); err != nil {
		call.Fail(err)
	}
}
