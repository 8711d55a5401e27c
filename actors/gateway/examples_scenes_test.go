package gateway_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// edit is a replacement of params.
type edit = map[string]any

// TestExamples walks through all examples of the protocol.
func TestExamples(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	g := w.setup().start(t)
	c := dial(t, g.URL())
	t.Run("scenes", func(t *testing.T) {
		for name, scene := range map[string]func(w *walk){
			"connect": connectScene, "system": systemScene, "heartbeats": heartbeatScene, "send": sendScene, "agent": agentScene,
			"chat": chatScene, "sessions": sessionScene, "config": configScene, "cron": cronScene, "probes": probeScene, "nodes": nodeScene,
			"talk": talkScene, "wizard": wizardScene, "platforms": platformScene, "skills": skillScene,
			"link": linkScene,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				own := *w
				own.T = t
				scene(&own)
			})
		}
	})
	_, tick := c.within(wire.TickInterval+patience, "a tick", 0, event("tick"))
	w.compare("event.tick", tick)
	w.finish()
}

// setup is a gateway with a session that has a past, and with platforms that take everything.
func (w *walk) setup() setup {
	return setup{
		config: `{telegram: {botToken: "1:a"}, discord: {token: "d"}, slack: {botToken: "b", appToken: "a"}, signal: {autoStart: false}, imessage: {}}`,
		seed: func(tx *store.Tx) error {
			yes, no := true, false
			return errors.Join(
				session(tx, "main", wire.SessionEntry{
					SessionID: "sess-main", SystemSent: &yes, AbortedLastRun: &no, ThinkingLevel: "low", VerboseLevel: "on",
					InputTokens: ptr(int64(10)), OutputTokens: ptr(int64(20)), TotalTokens: ptr(int64(30)),
					LastChannel: "whatsapp", LastTo: "+15550001111",
				}),
				session(tx, "discord:group:dev", wire.SessionEntry{SessionID: "sess-group", TotalTokens: ptr(int64(50)), Surface: "discord", DisplayName: "discord:g-dev"}),
				session(tx, "denied", wire.SessionEntry{SessionID: "sess-denied", SendPolicy: "deny"}),
				lines(tx, "sess-main", "line", 9, 0),
			)
		},
		options: func(o *gateway.Options) {
			o.Runner = actor{w.release}
			for _, name := range []string{"whatsapp", "telegram", "discord", "slack", "signal", "imessage"} {
				o.Providers = append(o.Providers, newSurface(name).factory())
			}
		},
	}
}

// actor is a runner that does what the examples show.
type actor struct{ release chan struct{} }

func (a actor) Run(ctx context.Context, t agent.Turn, out agent.Output) (agent.Answer, error) {
	notes := strings.Join(t.Notes, " ")
	switch {
	case strings.Contains(t.Message+notes, "model down"):
		return agent.Answer{}, errors.New("model down")
	case strings.Contains(t.Message, "say nothing"):
		return agent.Answer{}, nil
	case strings.Contains(t.Message, "hold"):
		<-ctx.Done()
		return agent.Answer{}, context.Cause(ctx)
	case strings.Contains(t.Message, "stubborn"):
		<-a.release
		return agent.Answer{}, nil
	case strings.Contains(notes, "all is well"):
		return agent.Answer{Text: "HEARTBEAT_OK"}, nil
	}
	out.ToolStart("tc-1", "read", wire.Raw(`{"path":"a.txt"}`))
	out.ToolResult("tc-1", "read", wire.Raw(`{"content":[{"type":"text","text":"file body"},{"type":"image","mimeType":"image/png","data":"aaaa"}]}`), false)
	out.Delta("Hel")
	out.Delta("lo")
	return agent.Answer{
		Text: "Hello", Provider: "anthropic", Model: "claude-opus-4-5", Usage: agent.Usage{Input: 10, Output: 5, Total: 15},
	}, nil
}

func connectScene(w *walk) {
	hello := func(g *gateway.Gateway, name string) {
		w.Helper()
		c := open(w, g.URL(), nil)
		f := w.call(c, name)
		var h wire.HelloOK
		f.decode(w, &h)
		want := wire.Methods()
		if got := h.Features.Methods[:len(want)]; !slices.Equal(got, want) || !slices.Equal(h.Features.Events[:12], wire.Events()) {
			w.Errorf("%s: features %+v", name, h.Features)
		}
	}
	plain := setup{}.start(w)
	hello(plain, "connect.minimal.hello-ok")
	for _, name := range []string{"connect.macos-app", "connect.range"} {
		c := open(w, plain.URL(), nil)
		w.answer(c, w.send(c, name), "connect.minimal.hello-ok")
	}
	withToken := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "secret"}}.start(w)
	hello(withToken, "connect.cli.token.hello-ok")
	w.call(open(w, withToken.URL(), nil), "connect.error.unauthorized", edit{"auth": edit{"token": "wrong"}})
	hello(setup{config: `{gateway: {auth: {password: "pw"}}}`}.start(w), "connect.control-ui.hello-ok.canvas")

	w.call(open(w, plain.URL(), nil), "connect.error.protocol-mismatch")
	w.call(open(w, plain.URL(), nil), "connect.error.invalid-params", edit{"client": edit{"version": "1", "platform": "p", "mode": "test"}})
	w.call(open(w, plain.URL(), nil), "handshake.error.not-connect")
	c := dial(w, plain.URL())
	w.call(c, "connect.error.second-time")
	w.call(c, "unknown-method.error")
	c.write(`{"type":"req","method":"health"}`)
	_, f := c.wait("the refusal", 0, response("invalid"))
	w.compare("frame.error.invalid-without-id", f)

	g, err := setup{}.new(w)
	if err != nil {
		w.Fatal(err)
	}
	c = dial(w, g.URL())
	if g, err = g.Renew(deadline(w)); err != nil {
		w.Fatal(err)
	}
	w.event(c, 0, "event.shutdown.restart")
	c = dial(w, g.URL())
	stop(w, g)
	w.event(c, 0, "deviation.event.shutdown.stop")
}

func systemScene(w *walk) {
	g := w.setup().start(w)
	c := dial(w, g.URL())
	w.call(c, "health.result")
	w.event(c, 0, "event.health")
	w.call(c, "system-event.note.result")
	w.event(c, 0, "event.presence")
	w.answer(c, w.send(c, "system-event.beacon"), "system-event.note.result")
	w.event(c, 0, "event.presence", "5e1f7d2c")
	w.call(c, "system-event.error", edit{"text": " "})
	w.call(c, "system-presence.result")
	w.call(c, "status.result")
	other := dial(w, g.URL(), as("app", "gone"))
	from := c.mark()
	other.close()
	w.event(c, from, "event.presence.disconnect", `"disconnect"`)
	w.call(c, "last-heartbeat.none")
	w.call(c, "set-heartbeats.result")
	w.call(c, "set-heartbeats.error", edit{"enabled": "no"})
	w.call(c, "wake.result")
	w.call(c, "wake.result.blank-text", edit{"text": "  "})
	w.call(c, "providers.status.result")
}

func heartbeatScene(w *walk) {
	s := w.setup()
	s.config = `{agent: {heartbeat: {every: "30m"}}}`
	c := dial(w, s.start(w).URL())
	w.answer(c, w.send(c, "wake"), "wake.result")
	w.event(c, 0, "event.heartbeat.sent", `"sent"`)
	w.call(c, "last-heartbeat.some")
	from := c.mark()
	w.answer(c, w.send(c, "wake", edit{"text": "all is well"}), "wake.result")
	w.event(c, from, "event.heartbeat.ok-token", `"ok-token"`)
	from = c.mark()
	w.answer(c, w.send(c, "wake", edit{"text": "model down"}), "wake.result")
	w.event(c, from, "event.heartbeat.failed", `"failed"`)

	s = w.setup()
	s.config = `{agent: {heartbeat: {every: "30m", target: "none"}}}`
	c = dial(w, s.start(w).URL())
	w.answer(c, w.send(c, "wake"), "wake.result")
	w.event(c, 0, "event.heartbeat.skipped", `"skipped"`)
}

func sendScene(w *walk) {
	c := dial(w, w.setup().start(w).URL())
	w.call(c, "send.default.result")
	w.call(c, "send.telegram.result", edit{"mediaUrl": nil})
	w.call(c, "send.discord.result")
	w.call(c, "send.imsg-alias.result")
	w.call(dial(w, setup{}.start(w).URL()), "send.error")
}

// probeScene: a platform that is asked how it is.
func probeScene(w *walk) {
	fake := telegramfake.Start(w, telegramfake.Options{})
	c := dial(w, telegramOn(fake, "").start(w).URL())
	for {
		f := w.call(c, "health.result.probed")
		if strings.Contains(f.raw, `"probe"`) {
			return
		}
	}
}

func agentScene(w *walk) {
	c := dial(w, w.setup().start(w).URL())
	id := w.send(c, "agent")
	w.answer(c, id, "agent.ack")
	run := `"runId":"idem-ag"`
	w.event(c, 0, "event.agent.job.started", run, `"started"`)
	w.event(c, 0, "event.agent.tool.start", run, `"phase":"start"`)
	w.event(c, 0, "event.agent.tool.result", run, `"phase":"result"`)
	w.event(c, 0, "event.agent.assistant", run, `"stream":"assistant"`)
	w.event(c, 0, "event.agent.assistant.cumulative", run, `"Hello"`)
	w.event(c, 0, "event.chat.delta", run, `"delta"`)
	w.event(c, 0, "event.agent.job.done", run, `"done"`)
	w.event(c, 0, "event.chat.final", run, `"final"`)
	_, f := c.wait("the final", 0, final(id))
	w.compare("agent.final.ok", f)
	w.call(c, "agent.wait.ok", edit{"afterMs": 0})
	w.call(c, "agent.wait.timeout", edit{"runId": "nobody", "timeoutMs": 0})

	bad := w.send(c, "agent.minimal", edit{"message": "model down", "sessionKey": "main"})
	_, f = c.wait("the failure", 0, final(bad))
	w.compare("agent.final.error", f)
	w.event(c, 0, "event.agent.job.error", `"idem-bad"`, `"error"`)
	w.call(c, "agent.wait.error", edit{"runId": "idem-bad", "afterMs": 0})

	w.answer(c, w.send(c, "agent.all-params"), "agent.ack")
	w.call(c, "agent.error.policy", edit{"sessionKey": "denied", "idempotencyKey": "denied"})
	w.call(c, "health.result")
}

func chatScene(w *walk) {
	c := dial(w, w.setup().start(w).URL())
	w.call(c, "chat.history.result")
	w.call(c, "chat.history.unknown-session", edit{"sessionKey": "nobody"})
	w.call(c, "chat.send.ok")
	w.answer(c, w.send(c, "chat.send.image"), "chat.send.ok")
	w.call(c, "chat.history.result")
	w.call(c, "chat.send.error", edit{"message": "model down", "idempotencyKey": "idem-c"})
	w.event(c, 0, "event.chat.error", `"idem-c"`, `"error"`)
	w.answer(c, w.send(c, "chat.send", edit{"message": "say nothing", "idempotencyKey": "idem-e"}), "chat.send.ok")
	w.event(c, 0, "event.chat.final.empty", `"idem-e"`, `"final"`)
	w.call(c, "chat.send.error.attachment", edit{
		"idempotencyKey": "pdf", "attachments": []any{edit{"mimeType": "application/pdf", "fileName": "a.pdf", "content": "aaaa"}},
	})
	w.call(c, "chat.abort.miss")
	held := w.send(c, "chat.send", edit{"message": "hold", "idempotencyKey": "idem-abort-1"})
	c.wait("the start", 0, containing("agent", `"started"`, `"sess-main"`))
	w.call(c, "chat.abort.error", edit{"sessionKey": "other"})
	for !strings.Contains(w.abort(c), "true") { // the run may not have begun
		continue
	}
	w.event(c, 0, "event.chat.aborted", `"aborted"`)
	w.answer(c, held, "chat.send.ok")
}

func (w *walk) abort(c *socket) string { return string(w.call(c, "chat.abort.hit").Payload) }

func configScene(w *walk) {
	s := setup{dir: w.TempDir()}
	c := dial(w, s.start(w).URL())
	w.call(c, "config.get.missing-file")
	w.call(c, "config.schema.result")
	w.call(c, "config.set.error", edit{"raw": `{ gateway: { port: "x" } }`})
	w.call(c, "config.set.result", edit{"raw": `{ identity: { name: "x" } }`})
	if err := os.WriteFile(filepath.Join(s.dir, "clawdbot.json"), []byte(`{ cron: { enabled: 3 } }`), 0o600); err != nil {
		w.Fatal(err)
	}
	f := w.call(c, "config.get.invalid")
	if !strings.Contains(f.raw, `"cron.enabled"`) {
		w.Errorf("%s", f.raw)
	}
}

func cronScene(w *walk) {
	c := dial(w, w.setup().start(w).URL())
	var job wire.CronJob
	w.call(c, "cron.add.result").decode(w, &job)
	id := edit{"id": job.ID}
	w.event(c, 0, "event.cron.added", `"added"`)
	w.call(c, "cron.list.result")
	w.call(c, "cron.status.result")
	w.call(c, "cron.run.not-due", id, edit{"mode": "due"})
	w.call(c, "cron.run.result", id)
	w.event(c, 0, "event.cron.started", `"started"`)
	w.event(c, 0, "event.cron.finished", `"finished"`)
	w.call(c, "cron.runs.result", id)
	w.call(c, "cron.update.result", id)
	w.event(c, 0, "event.cron.updated", `"updated"`)
	w.call(c, "cron.update.error.unknown", edit{"id": "nope"})
	w.call(c, "cron.add.error.pairing", edit{"payload": edit{"kind": "systemEvent", "text": "x"}})
	w.answer(c, w.send(c, "cron.add.isolated"), "cron.add.result")
	w.call(c, "cron.remove.result", id)
	w.event(c, 0, "event.cron.removed", `"removed"`)
}
