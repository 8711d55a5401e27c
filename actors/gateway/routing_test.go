package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestRouting_property: whatever comes in between, an answer is said in the chat of what it answers and nowhere else.
// Two people write directly, which is one session, and in two groups; clients call agent and chat.send, jobs and
// heartbeats run. Every message has a word of its own, which is in its answer.
func TestRouting_property(t *testing.T) {
	t.Parallel()
	for i, mode := range []string{"collect", "followup", "steer", "steer-backlog"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			routingRun(t, mode, rand.New(rand.NewPCG(seed, uint64(i))))
		})
	}
}

// routed is one run of the property: where each word is to be said, "" = nowhere.
type routed struct {
	t    *testing.T
	ctx  context.Context
	fake *telegramfake.Server
	node *phone
	call func(method string, params, result any) error
	rng  *rand.Rand
	n    int
	all  sync.WaitGroup
	to   map[string]string
}

func routingRun(t *testing.T, mode string, rng *rand.Rand) {
	fake := telegramfake.Start(t, telegramfake.Options{Username: "fakebot"})
	s := telegramOn(fake, `allowFrom: ["*"], groups: {"*": {requireMention: false}}`)
	s.config = strings.TrimSuffix(s.config, "}") + `, routing: {queue: {mode: "` + mode + `"}}, agent: {heartbeat: {every: "1h", target: "last"}}}`
	s.seed = knows("kitchen")
	g := s.start(t)
	ctx := deadline(t)
	r := &routed{t: t, ctx: ctx, fake: fake, node: paired(t, g, "kitchen"), rng: rng, to: map[string]string{}, call: func(method string, params, result any) error {
		return g.Call(ctx, method, params, result)
	}}
	steps := []func(){r.write, r.write, r.write, r.write, r.agent, r.chat, r.job, r.wake, r.tap, r.voice}
	for range 40 {
		steps[rng.IntN(len(steps))]()
	}
	r.all.Wait()
	r.settled()
	for _, m := range fake.Sent() {
		for word, chat := range r.to {
			if strings.Contains(m.Text, word) && m.Chat != chat {
				t.Errorf("%s, written in %q, is in %s: %q", word, chat, m.Chat, m.Text)
			}
		}
		if strings.Contains(m.Text, "HEARTBEAT") && strings.HasPrefix(m.Chat, "-") {
			t.Errorf("a heartbeat is in group %s: %q", m.Chat, m.Text)
		}
	}
}

// word is a new word that belongs to a chat.
func (r *routed) word(chat string) string {
	r.n++
	w := fmt.Sprintf("word%03dx", r.n)
	r.to[w] = chat
	return w
}

func (r *routed) chatID() int64 { return []int64{77, 78, -5, -6}[r.rng.IntN(4)] }

func (r *routed) write() {
	id := r.chatID()
	w := r.word(fmt.Sprint(id))
	if id < 0 {
		r.fake.Push(telegramfake.Group(id, 77+r.rng.Int64N(2), w))
		return
	}
	r.fake.Push(telegramfake.Direct(id, w))
}

// agent is an operator's call into one of the sessions, for a chat of his choice.
func (r *routed) agent() {
	chat := fmt.Sprint(r.chatID())
	p := wire.AgentParams{Message: r.word(chat), SessionKey: r.session(), Deliver: true, Channel: "telegram", To: chat, IdempotencyKey: fmt.Sprint("a", r.n)}
	if err := r.call("agent", p, nil); err != nil {
		r.t.Error(err)
	}
}

func (r *routed) session() string {
	return []string{"main", "telegram:group:-5", "node-kitchen"}[r.rng.IntN(3)]
}

// chat is a message of a client, as a node's person writes it: the answer is for clients only.
func (r *routed) chat() {
	p := wire.ChatSendParams{Message: r.word(""), SessionKey: r.session(), IdempotencyKey: fmt.Sprint("c", r.n)}
	r.all.Go(func() { // it is answered when the run ends
		if err := r.call("chat.send", p, nil); err != nil {
			r.t.Error(err)
		}
	})
}

// tap is something that a node asks for, for a chat.
func (r *routed) tap() {
	chat := fmt.Sprint(r.chatID())
	r.node.told("agent.request", map[string]any{
		"message": r.word(chat), "sessionKey": r.session(), "deliver": true, "channel": "telegram", "to": chat,
	})
}

// voice is what somebody says to a node: the answer is for clients only.
func (r *routed) voice() {
	r.node.told("voice.transcript", map[string]any{"text": r.word(""), "sessionKey": r.session()})
}

// job is a job that is due at once, for a chat.
func (r *routed) job() {
	chat := fmt.Sprint(r.chatID())
	deliver, word := true, r.word(chat)
	var job wire.CronJob
	err := r.call("cron.add", map[string]any{
		"name": word, "enabled": true, "schedule": map[string]any{"kind": "every", "everyMs": 3_600_000}, "sessionTarget": "isolated", "wakeMode": "next-heartbeat",
		"payload": map[string]any{"kind": "agentTurn", "message": word, "deliver": deliver, "channel": "telegram", "to": chat},
	}, &job)
	if err != nil {
		r.t.Error(err)
		return
	}
	r.all.Go(func() {
		if err := r.call("cron.run", map[string]any{"id": job.ID, "mode": "force"}, nil); err != nil {
			r.t.Error(err)
		}
	})
}

func (r *routed) wake() {
	if err := r.call("wake", map[string]any{"mode": "now", "text": "something happened"}, nil); err != nil {
		r.t.Error(err)
	}
}

// settled waits until every word that is to be said somewhere was said there.
func (r *routed) settled() {
	r.t.Helper()
	for n := 0; ; {
		sent := r.fake.Sent()
		missing := ""
		for word, chat := range r.to {
			if chat != "" && !slices.ContainsFunc(sent, func(m telegramfake.Sent) bool { return m.Chat == chat && strings.Contains(m.Text, word) }) {
				missing = word + " in " + chat
				break
			}
		}
		if missing == "" {
			return
		}
		n = max(n, len(sent)) + 1
		if _, err := r.fake.WaitSent(r.ctx, n); err != nil {
			r.t.Fatalf("%s was not said: %v", missing, err)
		}
	}
}
