package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/discord"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/providers/model/openai"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
	"github.com/clawdbot/gateway/providers/slack"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/providers/whatsapp"
	"github.com/clawdbot/gateway/transport/web/webtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// installer stands for a service manager.
type installer struct {
	mu        sync.Mutex
	installed int
}

func (d *installer) Installed(context.Context) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.installed > 0
}

func (d *installer) Install(context.Context) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.installed++
	return "Installed as clawdbot-gateway.service.", nil
}

// setupPage drives the setup, and takes its pictures.
type setupPage struct {
	*webtest.Page
	shots string
}

func (p setupPage) shot(name string) {
	if p.shots == "" {
		return
	}
	for _, c := range []struct {
		name   string
		width  int64
		height int64
		dark   bool
	}{{"", 1280, 800, false}, {"-dark", 1280, 800, true}, {"-phone", 390, 844, false}} {
		p.Size(c.width, c.height, c.width < 600)
		p.Dark(c.dark)
		p.WaitStill()
		p.Screenshot(filepath.Join(p.shots, "setup-"+name+c.name+".png"))
	}
	p.Dark(false)
	p.Size(1280, 800, false)
}

// next is the button of a question that has an answer of its own.
const next = "[type=submit]"

// begin answers what is asked before everything else.
func (p setupPage) begin() {
	p.next("Nothing is written before", next)
	p.next("Folder in which the agent works", next)
	p.next("Change how clients reach the gateway", ".primary") // no
}

// next waits for a question and presses the button that goes on.
func (p setupPage) next(words, button string) {
	p.WaitText(".setup", words)
	p.Click(".setup " + button)
}

// TestPage_setup: from a gateway in which nothing is configured to an answer on Telegram, with a browser and a token in hand.
func TestPage_setup(t *testing.T) {
	browser := webtest.Start(t)
	fake, service, log := telegramfake.Start(t, telegramfake.Options{}), &installer{}, &records{}
	s := setup{
		dir: t.TempDir(), config: fmt.Sprintf("{dev: {endpoints: {telegram: %q}}}", fake.URL()), log: log.handler(),
		options: func(o *gateway.Options) {
			o.Providers, o.Service = []providers.Factory{discord.Factory(), slack.Factory(), telegram.Factory()}, service
		},
	}
	g := s.start(t)
	begin := time.Now()
	p := setupPage{browser.Page(t), os.Getenv("WEB_SCREENSHOTS")}
	p.Open("http://" + g.Addr() + "/")
	p.WaitText(".setup", "Nothing is written before")
	p.shot("begin")
	p.begin()
	p.WaitText(".setup", "Which messaging surfaces")
	p.Click(".setup #setup-option-0")
	p.shot("surfaces")
	p.next("Telegram", next)
	p.WaitText(".setup", "Token of the Telegram bot")
	p.Type(".setup [type=password]", "hello")
	p.Click(".setup " + next)
	p.WaitText(".setup .ask-problem", "That is not the token of a bot")
	p.shot("mistake")
	p.Eval(`document.querySelector('.setup [type=password]').select()`, nil)
	p.Type(".setup [type=password]", fake.Token())
	p.Click(".setup " + next)
	p.next("who may write on Telegram", next)
	p.next("as a service of yours", ".primary")
	p.WaitText(".setup", "telegram.botToken: (secret)")
	p.shot("write")
	p.next("Write them?", ".primary")
	p.next("Installed as clawdbot-gateway.service", next)
	p.WaitText(".setup", "Write to the agent now on Telegram")
	fake.Push(telegramfake.Direct(77, "hello?"))
	if _, err := fake.WaitSent(deadline(t), 1); err != nil {
		t.Fatal(err)
	}
	p.Wait(`document.querySelector('#view .row [aria-label^="Let in"]')`)
	p.shot("pairing")
	p.Click(`#view .row [aria-label^="Let in"]`)
	p.WaitText(".setup", "The gateway is set up")
	if _, err := fake.WaitSent(deadline(t), 2); err != nil { // that he is let in
		t.Fatal(err)
	}
	fake.Push(telegramfake.Direct(77, "and now?"))
	sent, err := fake.WaitSent(deadline(t), 3)
	if err != nil || sent[2].Text != "You said: and now?" {
		t.Fatalf("%+v %v", sent, err)
	}
	took := time.Since(begin)
	t.Logf("from nothing to an answer in %v", took)
	if took > 2*time.Minute {
		t.Errorf("it took %v", took)
	}
	p.WaitText("#view .row", "connected")
	p.shot("done")
	p.keepsSecret(t, fake.Token(), log.String())
	file, err := os.ReadFile(filepath.Join(s.dir, "clawdbot.json"))
	if err != nil || !strings.Contains(string(file), fake.Token()) || service.installed != 1 {
		t.Errorf("%s %v, installed %d times", file, err, service.installed)
	}
	p.Open("http://" + g.Addr() + "/") // what is set up is not set up again
	p.WaitLive()
	p.Send("hello")
	p.WaitText("#messages [data-role=assistant]", "You said: hello")
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// TestPage_setupModel: what a model server on this computer has is offered, and answers from then on.
func TestPage_setupModel(t *testing.T) {
	browser := webtest.Start(t)
	ollama := modeltest.New(t, modeltest.Chat{}, modeltest.Step{Text: []string{"I am a small ", "model."}})
	s := setup{
		config:  fmt.Sprintf("{models: {providers: {ollama: {baseUrl: %q, apiKey: %q}}}, agent: {workspace: %q}}", ollama.URL(), modeltest.Key, t.TempDir()),
		options: func(o *gateway.Options) { o.Models = []model.Factory{openai.Completions()} },
	}
	g := s.start(t)
	p := setupPage{browser.Page(t), os.Getenv("WEB_SCREENSHOTS")}
	p.Open("http://" + g.Addr() + "/#/setup")
	p.begin()
	p.WaitText(".setup", "A model server runs on this computer")
	p.Wait(`[...document.querySelectorAll('.setup-option')].some((o) => o.textContent.includes('OpenRouter'))`)
	if p.Count(".setup-option") != 4 { // as it is, two models, and OpenRouter: the others want formats that this program does not speak
		t.Errorf("%d choices", p.Count(".setup-option"))
	}
	p.shot("model")
	p.Eval(`[...document.querySelectorAll('.setup-option')].find((o) => o.textContent.includes('ollama/test-model')).click()`, nil)
	p.Click(".setup " + next)
	p.next(`agent.model: "ollama/test-model"`, ".primary")
	p.WaitText(".setup", "The gateway is set up")
	soon(t, "the model is chosen", func() bool { // the file is taken over when it has come to rest
		var s wire.ModelsStatusResult
		if err := g.Call(deadline(t), "models.status", nil, &s); err != nil {
			t.Fatal(err)
		}
		return s.Chosen[0].Model == "ollama/test-model"
	})
	p.Click(`.setup a[href="#session=main"]`)
	p.Send("Who are you?")
	p.WaitText("#messages [data-role=assistant]", "I am a small model.")
}

// TestPage_setupWhatsApp: the phone is linked from where the setup ends.
func TestPage_setupWhatsApp(t *testing.T) {
	browser, peer := webtest.Start(t), whatsappfake.NewPeer(t)
	endpoints, err := json.Marshal(map[string]any{"dev": map[string]any{"endpoints": map[string]any{"whatsapp": peer.Endpoint}}})
	if err != nil {
		t.Fatal(err)
	}
	g := setup{config: string(endpoints), env: map[string]string{"CLAWDBOT_LOCK_DIR": t.TempDir()}, options: func(o *gateway.Options) {
		o.Providers = []providers.Factory{whatsapp.Factory()}
	}}.start(t)
	p := setupPage{browser.Page(t), os.Getenv("WEB_SCREENSHOTS")}
	p.Open("http://" + g.Addr() + "/")
	p.begin()
	p.WaitText(".setup", "Which messaging surfaces")
	p.Click("#setup-option-0")
	p.next("WhatsApp", next)
	p.next("Numbers of the people who may write on WhatsApp", next)
	p.next("Write them?", ".primary")
	p.WaitText(".setup", "The phone is linked with a code")
	p.Click(`#view .row [aria-label^="Link"]`)
	scanned(t, p.Page, peer)
	p.Click("#link-close")
	p.WaitText("#view .row", "connected")
	p.shot("whatsapp")
	p.next("The phone is linked with a code", next)
	p.next("Write to the agent now on WhatsApp", next)
	p.WaitText(".setup", "The gateway is set up")
}

// TestPage_setupRestart: a gateway that starts anew in the middle has forgotten the answers; the page gives them again, and says so.
func TestPage_setupRestart(t *testing.T) {
	browser := webtest.Start(t)
	s := setup{dir: t.TempDir(), options: func(o *gateway.Options) { o.Providers = []providers.Factory{slack.Factory()} }}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	p := setupPage{browser.Page(t), ""}
	p.Open("http://" + g.Addr() + "/")
	p.next("Nothing is written before", next)
	p.WaitText(".setup", "Folder in which the agent works")
	p.Eval(`document.querySelector('.setup input').value = '/somewhere/else'`, nil)
	p.Click(".setup " + next)
	p.WaitText(".setup", "Change how clients reach the gateway")
	port, _ := strconv.Atoi(g.Addr()[strings.LastIndex(g.Addr(), ":")+1:])
	stop(t, g)
	p.Wait(`document.querySelector('#status').dataset.state !== 'live'`)
	s.options = func(o *gateway.Options) {
		o.AnyPort, o.Start, o.Providers = false, config.StartOptions{Port: port}, []providers.Factory{slack.Factory()}
	}
	s.start(t)
	p.WaitText(".setup-news", "Nothing was written; they were given again")
	p.next("Change how clients reach the gateway", ".primary")
	p.next("Which messaging surfaces", next)
	p.WaitText(".setup", `agent.workspace: "/somewhere/else"`)
	p.Click(".setup .link-button")
	p.WaitText(".setup", "Nothing was written")
	if _, err := os.Stat(filepath.Join(s.dir, "clawdbot.json")); !os.IsNotExist(err) {
		t.Errorf("written all the same: %v", err)
	}
}

// keepsSecret: what was typed is in no address, no storage, no element and no log.
func (p setupPage) keepsSecret(t *testing.T, secret, log string) {
	t.Helper()
	var kept string
	p.Eval(`JSON.stringify([location.href, {...sessionStorage}, {...localStorage}, document.documentElement.outerHTML])`, &kept)
	if strings.Contains(kept, secret) {
		t.Errorf("the page has kept the token: %s", kept)
	}
	if strings.Contains(log, secret) {
		t.Error("the log has the token")
	}
}
