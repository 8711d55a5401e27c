//go:build !nowhatsapp && !slim

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
	"github.com/clawdbot/gateway/providers/providertest/signalfake"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
	"github.com/clawdbot/gateway/transport/web/webtest"
)

// views drives the page of one program that has all surfaces.
type views struct {
	*webtest.Page
	t    *testing.T
	shot func(name string)
}

// see goes to a view and waits for a text in it.
func (v views) see(name, sel, text string) {
	v.t.Helper()
	v.Eval(`location.hash = '#/`+name+`'`, nil)
	v.Wait(`document.querySelector('.view-body')?.dataset.view === '` + strings.Split(name, "/")[0] + `'`)
	v.WaitText("#view "+sel, text)
	v.shot(name)
}

// TestViews is every view of the page on the real program with all surfaces on their fake platforms.
func TestViews(t *testing.T) {
	t.Parallel()
	browser := webtest.Start(t)
	slack, _ := slackfake.NewPeer(t)
	whatsapp, telegram := whatsappfake.NewPeer(t), telegramfake.NewPeer(t)
	dir := t.TempDir()
	endpoints, env := map[string]any{}, []string(nil)
	text := map[string]any{"logging": map[string]any{"file": filepath.Join(dir, "x.log")}, "bridge": map[string]any{"enabled": false}, "dev": map[string]any{"endpoints": endpoints}}
	for _, p := range []providertest.Peer{whatsapp, telegram, slack, discordfake.NewPeer(t), signalfake.NewPeer(t), imsgfake.NewPeer(t)} {
		text[p.Surface] = p.Config
		if env = append(env, p.Env...); p.Endpoint != nil {
			endpoints[p.Surface] = p.Endpoint
		}
	}
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.json5")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	d := launchIn(t, dir, env, "--port", freePort(t))
	v := views{Page: browser.Page(t), t: t, shot: func(string) {}}
	if shots := os.Getenv("WEB_SCREENSHOTS"); shots != "" {
		v.shot = func(name string) {
			v.Screenshot(filepath.Join(shots, "real-"+strings.ReplaceAll(name, "/", "-")+".png"))
		}
	}
	v.Open(strings.Replace(d.url, "ws://", "http://", 1) + "#/overview")
	v.WaitLive()
	v.surfaces(whatsapp)
	telegram.Say(telegram.Direct, "is it me?")
	if err := telegram.WaitReplies(t.Context(), telegram.Direct, 1); err != nil {
		t.Fatal(err)
	}
	v.outbox()
	v.cron()
	v.config(file)
	v.see("overview", ".figure", "needs youTest addresses replace platforms") // nothing else does
	v.see("actors", ".row", "accounts")
	v.see("log", ".log-line", "gateway started")
	v.see("nodes", ".nothing", "No device is paired")
	v.see("sessions", ".row", "main")
	v.see("skills", ".nothing, .row", "")
	v.see("models", ".nothing", "No model is chosen")
	if errs := v.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// surfaces links WhatsApp with a code, and stops and starts another one.
func (v views) surfaces(whatsapp providertest.Peer) {
	v.t.Helper()
	v.see("surfaces", ".row", "Telegram")
	v.Click(`[data-row="whatsapp/whatsapp"] .primary`)
	v.Wait(`document.querySelector('#link-picture img')?.complete`)
	var code string
	v.Eval(`document.querySelector('#link-picture img').src`, &code)
	if err := whatsapp.Scan(v.t.Context(), code); err != nil {
		v.t.Fatal(err)
	}
	v.WaitText("#link-words", "WhatsApp is linked as")
	v.Click("#link-close")
	for _, name := range []string{"whatsapp", "telegram", "discord", "slack", "signal", "imessage"} {
		v.Wait(fmt.Sprintf(`[...document.querySelectorAll('#view .row[data-row^="%s/"]')].some((r) => r.textContent.includes('connected'))`, name))
	}
	v.shot("surfaces-connected")
	v.Click(`[data-row="slack/slack"] [aria-label^="Stop"]`)
	v.Click("dialog.ask .danger")
	v.WaitText(`[data-row="slack/slack"]`, "stopped")
	v.Click(`[data-row="slack/slack"] .primary`)
	v.WaitText(`[data-row="slack/slack"]`, "connected")
}

// outbox finds the answer that went out, and what led to it.
func (v views) outbox() {
	v.t.Helper()
	v.Eval(`location.hash = '#/outbox'`, nil)
	v.Wait(`document.querySelector('#view [data-value="sent"]')`)
	v.Click(`#view [data-value="sent"]`)
	v.WaitText("#view .row", "Telegram → ")
	v.Click("#view .row-toggle")
	v.WaitText("#view .row-more", "You said: is it me?")
	v.Click(`#view .row [aria-label^="Why?"]`)
	for _, step := range []string{"Came in", "Run", "Sent"} {
		v.WaitText("#view .step", step)
	}
	v.shot("why")
}

// cron makes a job, runs it and deletes it.
func (v views) cron() {
	v.t.Helper()
	v.see("cron", ".nothing", "No jobs yet")
	v.Click("#view .primary")
	v.Type("dialog.ask [name=name]", "Tides")
	v.Type("dialog.ask [name=text]", "When is high water?")
	v.WaitText("dialog.ask .ask-note", "Runs next:")
	v.shot("cron-form")
	v.Click("dialog.ask [type=submit]")
	v.WaitText("#view .agenda-day", "Tides")
	v.Click(`#view .row [aria-label^="Run"]`)
	v.WaitText("#view .row .badge", "well")
	v.Click("#view a.row-name")
	v.WaitText("#view td", "ok")
	v.shot("cron-log")
	v.Click(`#view .row [aria-label^="Delete"]`)
	v.Click("dialog.ask .danger")
	v.WaitText("#view .nothing", "No jobs yet")
}

// config changes a setting, which is in the file afterwards and nothing else; a wrong one stands at its field.
func (v views) config(file string) {
	v.t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		v.t.Fatal(err)
	}
	v.see("config/agent", ".config-field", "max concurrent")
	set := func(value string) {
		v.Eval(`(() => { const f = document.querySelector('[data-path="agent.maxConcurrent"] input'); f.value = '`+value+`'; f.dispatchEvent(new Event('input', {bubbles: true})); })()`, nil)
		v.Click(".config-bar .primary")
	}
	set("-3")
	v.Wait(`document.querySelector('[data-path="agent.maxConcurrent"] .ask-problem').textContent !== ''`)
	v.shot("config-wrong")
	set("4")
	v.WaitText("dialog.ask", "takes effect at once")
	v.shot("config-review")
	v.Click("dialog.ask [type=submit]")
	v.WaitText(".view-words", "in force")
	after, err := os.ReadFile(file)
	if err != nil {
		v.t.Fatal(err)
	}
	var was, is map[string]any
	if err := errors.Join(json.Unmarshal(before, &was), json.Unmarshal(after, &is)); err != nil {
		v.t.Fatal(err)
	}
	was["agent"] = map[string]any{"maxConcurrent": 4.0}
	if !reflect.DeepEqual(was, is) {
		v.t.Errorf("the file is now\n%s\nbefore it was\n%s", after, before)
	}
}
