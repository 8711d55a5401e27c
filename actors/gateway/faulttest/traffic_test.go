package faulttest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// talk is the traffic of a cell: everybody at once. It returns when each of them has what it wants.
func (s *scene) talk() {
	var all sync.WaitGroup
	for _, f := range []func(){s.busyChats, s.busyAborts, s.busySends, s.tellAll, s.people, s.visitors, s.schedule, s.programs, s.devices, s.commands, s.askers, s.servers} {
		all.Go(f)
	}
	all.Wait()
}

func chat(session, key, text string) wire.ChatSendParams {
	return wire.ChatSendParams{SessionKey: session, Message: text, IdempotencyKey: key}
}

func agentCall(session, key, text string) wire.AgentParams {
	return wire.AgentParams{SessionKey: session, Message: text, IdempotencyKey: key}
}

// busyChats: four messages to one session, which is serial; one of them fails.
func (s *scene) busyChats() {
	var all sync.WaitGroup
	for i, text := range []string{"one", "!fail on purpose", "three"} {
		all.Go(func() {
			key := fmt.Sprint("busy-chat-", i)
			s.expectEnd(s.busy.keyed("chat.send", key, chat("alpha", key, text), nil), key, text)
		})
	}
	all.Go(func() {
		s.expectEnd(s.busy.keyed("agent", "busy-agent", agentCall("alpha", "busy-agent", "!say 3"), nil), "busy-agent", "!say 3")
	})
	all.Wait()
	var h wire.ChatHistoryResult
	if err := s.busy.must("chat.history", wire.ChatHistoryParams{SessionKey: "alpha"}, &h); err != nil {
		s.t.Errorf("chat.history: %v", err)
	}
	if len(h.Messages) < 4 { // what was said; the end of each run is in the store before its answer leaves
		s.t.Errorf("the history of alpha has %d messages", len(h.Messages))
	}
}

// expectEnd judges the end of a run that a client waited for.
func (s *scene) expectEnd(err *wire.Error, key, text string) {
	switch {
	case err != nil && s.cell.expect.died && strings.HasPrefix(err.Message, "Error: the "):
	case strings.HasPrefix(text, "!fail"):
		if err == nil || err.Message != "Error: on purpose" {
			s.t.Errorf("%s %q ended with %v", key, text, err)
		}
	case err != nil:
		s.t.Errorf("%s %q ended with %v", key, text, err)
	}
}

// aborted is the key of the run that is aborted. An abort is an event of its own, beside the end of the run.
const aborted = "busy-abort"

// busyAborts starts a long run and aborts it: once it is told that it was aborted, that must be so.
func (s *scene) busyAborts() {
	const key = aborted
	ended := make(chan *wire.Error, 1)
	go func() { ended <- s.busy.keyed("chat.send", key, chat("gamma", key, "!sleep 40s"), nil) }()
	var since time.Time
	for {
		select {
		case err := <-ended:
			s.expectEnd(err, key, "")
			return
		case <-time.After(150 * time.Millisecond):
		case <-s.ctx.Done():
			s.t.Error("the aborted run has not ended")
			<-ended
			return
		}
		var r wire.ChatAbortResult
		if since.IsZero() && s.busy.must("chat.abort", wire.ChatAbortParams{SessionKey: "gamma", RunID: key}, &r) == nil && r.Aborted {
			since = time.Now()
		}
		if !since.IsZero() && time.Since(since) > 2*answerLimit { // its caller may be one whose message was lost
			s.t.Error("chat.abort answered aborted, and the run went on")
			since = time.Time{}
		}
	}
}

func (s *scene) busySends() {
	for i := range 2 {
		key := fmt.Sprint("busy-send-", i)
		err := s.busy.keyed("send", key, s.sendParams(key), nil)
		if err != nil && !(s.cell.expect.unsure && strings.Contains(err.Message, "may or may not have arrived")) {
			s.t.Errorf("%s: %v", key, err)
		}
	}
}

func (s *scene) sendParams(key string) wire.SendParams {
	return wire.SendParams{To: fmt.Sprint(friend), Message: "text of " + key, Provider: "telegram", IdempotencyKey: key}
}

// tellAll calls each method once, without a repeat.
func (s *scene) tellAll() {
	r := s.teller
	tell := func(method, key string, params any) *told {
		if key != "" {
			s.note(keyed{method, key, params})
		}
		return r.call(method, key, params)
	}
	calls := []*told{
		tell("agent", "tell-agent", agentCall("beta", "tell-agent", "hello")),
		tell("agent", "tell-bogus", wire.AgentParams{SessionKey: "beta", Message: "x", Thinking: "bogus", IdempotencyKey: "tell-bogus"}),
		tell("chat.send", "tell-chat", chat("beta", "tell-chat", "hello again")),
		tell("send", "tell-send", s.sendParams("tell-send")),
		tell("agent.wait", "", wire.AgentWaitParams{RunID: "tell-agent", TimeoutMs: ms(8000)}),
	}
	for i := range 2 {
		calls = append(calls, tell("cron.status", "", nil), tell("cron.list", "", nil),
			tell("wake", "", wire.WakeParams{Mode: "now", Text: fmt.Sprint("wake up, ", i)}),
			tell("wizard.start", "", wire.WizardStartParams{}), tell("wizard.status", "", wire.WizardStatusParams{SessionID: "nobody"}))
		calls = append(calls, tell("node.list", "", nil), tell("node.pair.list", "", nil), tell("talk.mode", "", wire.TalkModeParams{Enabled: true}),
			tell("voicewake.set", "", wire.VoicewakeSetParams{Triggers: []any{fmt.Sprint("hey ", i)}}),
			tell("models.list", "", nil), tell("skills.status", "", nil))
		calls = append(calls, tell("health", "", nil), tell("status", "", nil),
			tell("system-event", "", map[string]any{"text": fmt.Sprint("note ", len(calls))}),
			tell("system-presence", "", nil), tell("last-heartbeat", "", nil))
		s.pause(100 * time.Millisecond)
		calls = append(calls, tell("chat.history", "", wire.ChatHistoryParams{SessionKey: "beta"}), tell("sessions.list", "", nil),
			tell("sessions.patch", "", map[string]any{"key": "brief", "verboseLevel": "on"}), tell("sessions.reset", "", wire.SessionsResetParams{Key: "brief"}),
			tell("sessions.compact", "", wire.SessionsCompactParams{Key: "beta"}), tell("sessions.delete", "", wire.SessionsDeleteParams{Key: "brief"}),
			tell("config.get", "", nil), tell("pairing.list", "", nil), tell("providers.status", "", nil), tell("outbox.list", "", nil))
		s.pause(100 * time.Millisecond)
	}
	for _, c := range calls {
		if r.wait(s.ctx, c) != nil && s.ctx.Err() != nil {
			s.t.Errorf("%s %s was never answered", c.method, c.key)
		}
	}
}

// schedule makes jobs that are due at once, for checkJobs.
func (s *scene) schedule() {
	for i := range 3 {
		var job wire.CronJob
		err := s.busy.must("cron.add", wire.CronAddParams{
			Name: fmt.Sprint("job ", i), SessionTarget: "main", WakeMode: "now",
			Schedule: wire.CronSchedule{Kind: "at", AtMs: ms(time.Now().Add(100 * time.Millisecond).UnixMilli())},
			Payload:  wire.CronPayload{Kind: "systemEvent", Text: "it is time"},
		}, &job)
		if err != nil {
			s.t.Errorf("cron.add: %v", err)
			continue
		}
		s.jobs = append(s.jobs, job.ID)
		s.pause(120 * time.Millisecond)
	}
}

func ms(n int64) *int64 { return &n }

var code = regexp.MustCompile(`(?m)^[A-Z2-9]{8}$`)

// people write to the bot: a friend, and a stranger who is let in.
func (s *scene) people() {
	for i := range 3 {
		s.write(friend, fmt.Sprint("friend ", i))
		s.pause(120 * time.Millisecond)
	}
	s.fake.Push(telegramfake.Direct(stranger, "may I come in?"))
	pass := ""
	err := s.every(50*time.Millisecond, func() bool {
		for _, m := range s.fake.Sent() {
			if m.Chat == fmt.Sprint(stranger) {
				pass = code.FindString(m.Text)
			}
		}
		return pass != "" || s.unsureTo(stranger)
	})
	if err != nil {
		s.t.Error("the stranger got no code")
	}
	if pass == "" {
		return // the code's message is ambiguous
	}
	switch err := s.busy.must("pairing.approve", wire.PairingApproveParams{Code: pass}, nil); {
	case err != nil && s.cell.kind == "pairing" && strings.Contains(err.Message, "unknown or expired"): // the first try had done it
	case err != nil && s.busy.lost() && strings.Contains(err.Message, "unknown or expired"):
	case err != nil:
		s.t.Errorf("pairing.approve: %v", err)
	}
	s.write(stranger, "stranger 0")
}

// lost says whether a call was repeated: its first try may have been carried out.
func (c *caller) lost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.retries > 0
}

func (s *scene) write(from int64, text string) {
	s.mu.Lock()
	s.pushed = append(s.pushed, text)
	s.mu.Unlock()
	s.fake.Push(telegramfake.Direct(from, text))
}

// unsureTo says whether a message to that chat is listed as ambiguous.
func (s *scene) unsureTo(chat int64) bool {
	var r wire.OutboxListResult
	if s.g.Call(s.ctx, "outbox.list", wire.OutboxListParams{State: "ambiguous"}, &r) != nil {
		return false
	}
	for _, it := range r.Items {
		if it.Chat == fmt.Sprint(chat) {
			return true
		}
	}
	return false
}

// visitors come one after the other, and each must hear an event before it goes.
func (s *scene) visitors() {
	for i := range 3 {
		s.visit(fmt.Sprint("visitor-", i))
	}
}

func (s *scene) visit(name string) {
	heard := make(chan struct{}, 1)
	o := s.options(name)
	o.OnEvent = func(client.Event) {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
	var c *client.Client
	err := s.every(50*time.Millisecond, func() (ok bool) {
		var err error
		c, err = client.Dial(s.ctx, o)
		return err == nil
	})
	if err != nil {
		s.t.Errorf("%s cannot connect", name)
		return
	}
	defer c.Close()
	for range 20 {
		ctx, cancel := context.WithTimeout(s.ctx, answerLimit)
		_ = c.Call(ctx, "system-event", map[string]any{"text": name + " is here"}, nil) // an event comes before the answer
		cancel()
		select {
		case <-heard:
			return
		case <-c.Done(): // cut by the fault
			if s.cell.expect.closes == nobody {
				s.t.Errorf("%s was cut: %v", name, c.Err())
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.t.Errorf("%s is connected and hears no event", name)
}
