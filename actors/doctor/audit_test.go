package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// gateway puts keys into the section gateway.
func (h *house) gateway(keys string) {
	h.config = strings.Replace(h.config, "gateway: {", "gateway: {"+keys+", ", 1)
}

// token replaces the gateway's.
func (h *house) token(token string) {
	h.config = strings.Replace(h.config, "q8Zr2LmX0vKc7TyB5wNd", token, 1)
}

func TestAudit_planted(t *testing.T) {
	t.Parallel()
	const good = `"w7Lk0QmZ3xVt9RcY5nBs"`
	for _, tt := range []struct {
		want  string
		plant func(h *house)
	}{
		{"state.mode", func(h *house) { h.must(os.Chmod(h.dir, 0o750)) }},
		{"state.file-mode", func(h *house) { h.write("whatsapp.db", "x", 0o640) }},
		{"audit.no-credential", func(h *house) { h.config = `{agent: {workspace: "/nonexistent/w"}}` }},
		{"audit.token-weak", func(h *house) { h.token("short") }},
		{"audit.token-weak", func(h *house) { h.token("my-clawdbot-token-is-this") }},
		{"audit.token-weak", func(h *house) { h.token("aaaaaaaaaaaaaaaaaaaaaaaa") }},
		{"audit.password-weak", func(h *house) { h.config = `{gateway: {auth: {mode: "password", password: "hunter2"}}}` }},
		{"audit.hooks-token-shared", func(h *house) { h.with(`hooks: {enabled: true, token: "q8Zr2LmX0vKc7TyB5wNd"}`) }},
		{"audit.hooks-token-weak", func(h *house) { h.with(`hooks: {enabled: true, token: "hook"}`) }},
		{"audit.bind", func(h *house) { h.gateway(`bind: "lan"`) }},
		{"audit.hooks-exposed", func(h *house) {
			h.gateway(`bind: "lan"`)
			h.with(`hooks: {enabled: true, token: ` + good + `}`)
			h.only("audit.bind")
		}},
		{"audit.funnel", func(h *house) {
			h.config = `{gateway: {auth: {mode: "password", password: "correct horse battery"}, tailscale: {mode: "funnel"}}}`
		}},
		{"audit.bind", func(h *house) { h.gateway(`bind: "lan", tls: {enabled: true}`) }}, // a note, then
		{"audit.proxies-wide", func(h *house) { h.gateway(`trustedProxies: ["127.0.0.1", "10.0.0.0/8"]`) }},
		{"audit.tls-key", func(h *house) {
			cert := h.certificate(time.Now())
			h.must(os.Chmod(cert, 0o640))
			h.gateway(`tls: {enabled: true, certPath: "` + cert + `", keyPath: "` + cert + `"}`)
		}},
		{"audit.tailscale-users", func(h *house) { h.gateway(`tailscale: {mode: "serve"}`) }},
		{"audit.origin-any", func(h *house) { h.gateway(`controlUi: {allowedOrigins: ["null"]}`) }},
		{"audit.origin-plain", func(h *house) { h.gateway(`controlUi: {allowedOrigins: ["http://desk.example"]}`) }},
		{"audit.host-any", func(h *house) { h.gateway(`allowedHosts: ["*.example"]`) }},
		{"audit.bridge-open", func(h *house) { h.with(`bridge: {bind: "lan"}`) }},
		{"audit.canvas-root", func(h *house) { h.with(`canvasHost: {root: "` + h.vars["HOME"] + `"}`) }},
		{"audit.webhook-secret", func(h *house) { h.with(`telegram: {botToken: "1:a", webhookUrl: "https://x.example/h"}`) }},
		{"audit.remote-plain", func(h *house) { h.gateway(`remote: {url: "ws://desk.example:18789"}`) }},
		{"audit.model-plain", func(h *house) { h.with(`models: {providers: {far: {baseUrl: "http://llm.example/v1", apiKey: "k"}}}`) }},
		{"audit.dev-endpoints", func(h *house) { h.with(`dev: {endpoints: {slack: "http://127.0.0.1:1"}}`) }},
		{"audit.log-level", func(h *house) { h.with(`logging: {level: "trace"}`) }},
		{"audit.plantable", func(h *house) { h.must(os.Chmod(filepath.Join(h.dir, "..", "work"), 0o777)) }},
		{"audit.root", func(h *house) { h.host.UID = func() int { return 0 } }},
		{"audit.everybody", func(h *house) { h.with(`telegram: {botToken: "1:a", allowFrom: ["*"]}`) }},
		{"audit.everybody", func(h *house) { h.with(`discord: {accounts: {work: {token: "t", dm: {allowFrom: ["*"]}}}}`) }},
		{"audit.groups-open", func(h *house) { h.with(`whatsapp: {groups: {"*": {requireMention: false}}}`) }},
		{"audit.elevated-any", func(h *house) { h.with(``); h.elevate() }},
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			tt.plant(h)
			found := Audit(t.Context(), h.options())
			if tt.want != "audit.root" {
				found = h.without(found)
			}
			judge(t, found, tt.want)
		})
	}
}

// elevate lets everybody on Discord out of the sandbox.
func (h *house) elevate() {
	h.config = strings.Replace(strings.TrimSuffix(h.config, ", }")+"}", "agent: {", `agent: {elevated: {allowFrom: {discord: ["*"]}}, `, 1)
}

// TestAudit_exitCode: a weak token is worse where others can try it.
func TestAudit_exposed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.token("short")
	if w := Worst(Audit(t.Context(), h.options())); w != Warning {
		t.Errorf("on loopback: %s", w)
	}
	h.gateway(`bind: "lan"`)
	if w := Worst(Audit(t.Context(), h.options())); w != Error {
		t.Errorf("on the network: %s", w)
	}
}
