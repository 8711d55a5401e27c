package gateway_test

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/wire"
)

func sessionScene(w *walk) {
	faults := actortest.NewFaults(1)
	faults.On(actortest.Message[agent.Abort]()).Drop() // for the run that cannot be ended
	s := w.setup()
	options := s.options
	s.options = func(o *gateway.Options) {
		options(o)
		o.Intercept = faults
	}
	c := dial(w, s.start(w).URL())
	w.call(c, "sessions.list.result")
	w.call(c, "sessions.patch.result")
	w.call(c, "sessions.patch.error", edit{"thinkingLevel": "deeply"})
	w.call(c, "sessions.list.result")
	w.call(c, "sessions.compact.noop", edit{"maxLines": 100})
	w.call(c, "sessions.compact.result")
	w.call(c, "sessions.compact.no-transcript", edit{"key": "denied"})
	w.call(c, "sessions.reset.result")
	w.call(c, "sessions.delete.error.main", edit{"key": "main"})

	group := edit{"sessionKey": "discord:group:dev", "message": "stubborn", "deliver": false, "idempotencyKey": "stubborn"}
	w.send(c, "agent", group)
	c.wait("the start", 0, containing("agent", `"stubborn"`, `"started"`))
	id := w.send(c, "sessions.delete")
	_, f := c.within(2*patience, "the refusal", 0, response(id)) // it waits for 15 s
	w.compare("sessions.delete.error.active", f)
	close(w.release)
	w.call(c, "sessions.delete.result")
}

func nodeScene(w *walk) {
	w.call(dial(w, setup{config: `{bridge: {enabled: false}}`}.start(w).URL()), "node.invoke.error.no-bridge")
	g := w.setup().start(w)
	c := dial(w, g.URL())
	w.call(c, "node.pair.verify.bad")
	request := func() edit {
		from := c.mark()
		var r wire.NodePairRequestResult
		w.call(c, "node.pair.request.result").decode(w, &r)
		w.event(c, from, "event.node.pair.requested")
		return edit{"requestId": r.Request.RequestID}
	}
	w.call(c, "node.pair.reject.result", request())
	w.event(c, 0, "event.node.pair.resolved.rejected", `"rejected"`)
	w.call(c, "node.pair.approve.error", edit{"requestId": "nope"})
	first := request()
	w.call(c, "node.pair.list.result")
	var r wire.NodePairApproveResult
	w.call(c, "node.pair.approve.result", first).decode(w, &r)
	w.event(c, 0, "event.node.pair.resolved.approved", `"approved"`)
	w.call(c, "node.pair.verify.ok", edit{"token": r.Node.Token})
	request()
	w.call(c, "node.pair.list.result")
	w.call(c, "node.list.result")
	w.call(c, "node.describe.result")
	w.call(c, "node.describe.error", edit{"nodeId": "nobody"})
	w.call(c, "node.rename.result")
	w.call(c, "node.invoke.error.not-connected")
	invokeScene(w, g, c, r.Node.Token)
}

// invokeScene has the node that was paired carry out a command.
func invokeScene(w *walk, g *gateway.Gateway, c *socket, token string) {
	from := c.mark()
	p := ring(w, g)
	p.say(hello("n1", token))
	w.event(c, from, "event.presence.node", `"node-connected"`)
	for key, answer := range map[string]edit{
		"node.invoke.result":       {"ok": true, "payloadJSON": `{"result":"4"}`},
		"node.invoke.result.empty": {"ok": true},
		"node.invoke.error.node":   {"ok": false, "error": edit{"code": "UNAVAILABLE", "message": "canvas not visible"}},
	} {
		from := p.mark()
		id := w.send(c, "node.invoke", edit{"idempotencyKey": key, "timeoutMs": 60_000})
		_, asked := p.invoked(from, "canvas.eval")
		answer["type"], answer["id"] = "invoke-res", asked.ID
		p.say(answer)
		w.answer(c, id, key)
	}
}

func talkScene(w *walk) {
	g := w.setup().start(w)
	c := dial(w, g.URL())
	w.call(c, "talk.mode.result")
	w.event(c, 0, "event.talk.mode", `"listening"`)
	w.answer(c, w.send(c, "talk.mode", edit{"enabled": false, "phase": nil}), "talk.mode.result")
	w.event(c, 0, "event.talk.mode.no-phase", `"phase":null`)
	w.call(dial(w, g.URL(), as("webchat", "page")), "talk.mode.error")
	w.call(c, "voicewake.get.result")
	w.call(c, "voicewake.set.result")
	w.event(c, 0, "event.voicewake.changed", `["hi","there"]`)
	w.call(c, "voicewake.set.error", edit{"triggers": "hi"})
}

func platformScene(w *walk) {
	s := setup{dir: w.TempDir(), config: `{telegram: {botToken: "123456:abcdefghijklmnopqrstuvwxyz", enabled: false}, models: {providers: {
		openai: {baseUrl: "http://127.0.0.1:9", apiKey: "k", models: [{id: "gpt-test-z"}]},
		anthropic: {baseUrl: "http://127.0.0.1:9", apiKey: "k", models: [{id: "claude-test-a", name: "A-Model", reasoning: true, contextWindow: 200000}]},
	}}}`}
	c := dial(w, s.start(w).URL())
	w.call(c, "models.list.result")
	w.call(c, "negative.models.list.extra-param.error")
	w.call(c, "web.logout.result")
	w.call(c, "web.login.start.no-qr")
	w.call(c, "web.login.wait.pending", edit{"timeoutMs": 0})
	w.call(c, "telegram.logout.result")
	if err := os.WriteFile(filepath.Join(s.dir, "clawdbot.json"), []byte(`{ telegram: 1 }`), 0o600); err != nil {
		w.Fatal(err)
	}
	w.call(c, "telegram.logout.error")
}

func skillScene(w *walk) {
	w.call(dial(w, setup{}.start(w).URL()), "skills.install.error")
	r := newSkillsRig(w.T, "")
	r.program("brew", "")
	w.call(r.socket, "skills.status.result")
	w.call(r.socket, "skills.install.ok", edit{"installId": "brew-2"})
	w.call(r.socket, "skills.update.result")
	w.call(r.socket, "skills.status.result")
}

func wizardScene(w *walk) {
	c := dial(w, setup{}.start(w).URL())
	var r wire.WizardResult
	w.call(c, "wizard.start.step").decode(w, &r)
	session := edit{"sessionId": r.SessionID}
	w.call(c, "wizard.start.error")
	w.answer(c, w.send(c, "wizard.next.poll", session), "wizard.next.step")
	w.call(c, "wizard.status.result", session)
	w.call(c, "wizard.next.error", edit{"sessionId": "nobody"})
	w.call(c, "wizard.next.error.step", session)
	w.call(c, "wizard.cancel.result", session)

	bad := w.dialogue(c, func(s *wire.WizardStep) any { return "" }) // a folder is needed
	w.compare("wizard.next.failed", bad)
	good := w.dialogue(c, func(s *wire.WizardStep) any { return s.InitialValue })
	w.compare("wizard.next.done", good)
}

// dialogue goes through a setup and gives its end.
func (w *walk) dialogue(c *socket, reply func(*wire.WizardStep) any) frame {
	w.Helper()
	var r wire.WizardResult
	w.call(c, "wizard.start.step", edit{"workspace": nil}).decode(w, &r)
	session := r.SessionID
	for {
		answer := edit{"stepId": r.Step.ID, "value": reply(r.Step)}
		id := w.send(c, "wizard.next.answer", edit{"sessionId": session, "answer": answer})
		_, f := c.wait("the next step", 0, response(id))
		if !f.OK || strings.Contains(f.raw, `"done":true`) {
			return f
		}
		w.compare("wizard.next.step", f)
		r = wire.WizardResult{}
		f.decode(w, &r)
	}
}
