package calls

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

type sendArgs struct {
	SessionKey     string `json:"sessionKey" arg:"required" doc:"as sessions_list has it"`
	Message        string `json:"message" arg:"required" doc:"what the agent of that conversation is told"`
	TimeoutSeconds *int64 `json:"timeoutSeconds" arg:"min=0,max=600" doc:"how long to wait for the answer, 30 unless said; 0 = do not wait"`
	Deliver        bool   `json:"deliver" doc:"send the answer to the people of that conversation too"`
}

// talk is the tool sessions_send. It counts what each turn has sent, so that no turn goes on for ever with another session.
type talk struct {
	o  Options
	mu sync.Mutex
	// sent counts by turn and session; old is the generation before. Both are bounded: what is forgotten is a count.
	sent, old map[[2]string]int
}

const maxCounted = 4096

// again counts one more message of a turn to a session, and refuses the one that is too much.
func (t *talk) again(turn, session string) error {
	limit := max(1, t.o.Exchanges())
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]string{turn, session}
	n := t.sent[key] + t.old[key]
	if n >= limit {
		return fmt.Errorf("this turn has written to %s %d times, which is the limit (session.agentToAgent.maxPingPongTurns): go on with what you know", session, n)
	}
	if len(t.sent) >= maxCounted || t.sent == nil {
		t.old, t.sent = t.sent, map[[2]string]int{}
	}
	t.sent[key]++
	return nil
}

func (t *talk) tool() tools.Tool {
	return tool("sessions_send", tools.GroupMessage,
		"Tell the agent of another conversation something and wait for its answer. The people of that conversation see neither unless deliver is set. "+
			"The answer has status ok with reply, timeout (it goes on; look at sessions_history later), error, or accepted when timeoutSeconds is 0.",
		func(ctx context.Context, c tools.Caller, a sendArgs) (any, error) {
			if a.SessionKey == c.SessionKey {
				return nil, errors.New("that is this conversation: just answer")
			}
			if err := t.o.exists(ctx, a.SessionKey); err != nil {
				return nil, err
			}
			if err := t.again(t.o.Turn(ctx), a.SessionKey); err != nil {
				return nil, err
			}
			wait := 30 * time.Second
			if a.TimeoutSeconds != nil {
				wait = time.Duration(*a.TimeoutSeconds) * time.Second
			}
			runID, err := t.o.Ask(ctx, Message{
				To: a.SessionKey, Text: a.Message, Deliver: a.Deliver, Waits: wait > 0,
				System: "The message comes from the agent of the session " + c.SessionKey + ", not from a person. Your answer goes to that agent. " +
					"It has no more rights than whoever that agent works for.",
			})
			switch {
			case err != nil:
				return nil, err
			case wait == 0:
				return sendResult{RunID: runID, Status: wire.RunAccepted, SessionKey: a.SessionKey}, nil
			}
			return t.o.outcome(ctx, runID, a.SessionKey, wait)
		})
}

type sendResult struct {
	RunID      string `json:"runId"`
	Status     string `json:"status"` // ok, accepted, timeout, error
	SessionKey string `json:"sessionKey"`
	Reply      string `json:"reply,omitempty"`
	Error      string `json:"error,omitempty"`
}

// outcome waits for the end of a run and finds what it has answered.
func (o Options) outcome(ctx context.Context, runID, key string, wait time.Duration) (any, error) {
	ms := wait.Milliseconds()
	r, err := call[wire.RunResult](ctx, o, "agent.wait", wire.AgentWaitParams{RunID: runID, TimeoutMs: &ms})
	if err != nil {
		return nil, err
	}
	out := sendResult{RunID: runID, Status: r.Status, SessionKey: key, Error: r.Error}
	if r.Status == wire.RunOK {
		out.Reply, err = o.reply(ctx, key, runID)
	}
	return out, err
}

// reply is the answer of a run that has ended, from the transcript.
func (o Options) reply(ctx context.Context, key, runID string) (string, error) {
	limit := int64(200)
	h, err := call[wire.ChatHistoryResult](ctx, o, "chat.history", wire.ChatHistoryParams{SessionKey: key, Limit: &limit})
	if err != nil {
		return "", err
	}
	for i := len(h.Messages) - 1; i >= 0; i-- {
		var l line
		if wire.Unmarshal(h.Messages[i], &l) == nil && l.RunID == runID && l.Role == "assistant" {
			return strings.TrimSpace(l.textOf()), nil
		}
	}
	return "", nil
}

type messageArgs struct {
	To       string `json:"to" arg:"required" doc:"who or where: a phone number, a chat's id, channel:<id>, user:<id>"`
	Message  string `json:"message" arg:"required" doc:"the text"`
	Channel  string `json:"channel" arg:"required" doc:"the surface: whatsapp, telegram, discord, slack, signal, imessage, or one of its accounts such as telegram:work"`
	MediaURL string `json:"mediaUrl" doc:"a file to send with it: an https address"`
	Key      string `json:"idempotencyKey" doc:"the same one again does not send again"`
}

func (o Options) send() tools.Tool {
	return tool("send", tools.GroupMessage,
		"Send a message to somebody on a messaging surface. Not for answering: what you answer goes to where the message came from by itself.",
		func(ctx context.Context, c tools.Caller, a messageArgs) (any, error) {
			p := wire.SendParams{To: a.To, Message: a.Message, Provider: a.Channel, MediaURL: a.MediaURL, IdempotencyKey: a.Key}
			if p.IdempotencyKey == "" {
				p.IdempotencyKey = newKey()
			}
			return o.Call(ctx, "send", p)
		})
}
