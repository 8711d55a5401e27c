package gateway_test

import (
	"encoding/json"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
	"github.com/clawdbot/gateway/providers/whatsapp"
	"github.com/clawdbot/gateway/transport/web/webtest"
)

// TestPage_linksWhatsApp: the page shows the code, the owner scans it off the screen, and the page says that it is done.
func TestPage_linksWhatsApp(t *testing.T) {
	browser := webtest.Start(t)
	peer := whatsappfake.NewPeer(t)
	config, err := json.Marshal(map[string]any{
		"whatsapp": peer.Config, "dev": map[string]any{"endpoints": map[string]any{"whatsapp": peer.Endpoint}},
	})
	if err != nil {
		t.Fatal(err)
	}
	g := setup{config: string(config), env: map[string]string{"CLAWDBOT_LOCK_DIR": t.TempDir()}, options: func(o *gateway.Options) {
		o.Providers = []providers.Factory{whatsapp.Factory()}
	}}.start(t)
	p := browser.Page(t)
	p.Open("http://" + g.Addr() + "/")
	p.WaitLive()
	p.Wait(`document.querySelector('#about .link-offer')`)
	p.Click("#about .link-offer")
	scanned(t, p, peer)
	p.Wait(`!document.querySelector('#about .link-offer')`)
	if errs := p.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
}

// scanned has the phone read the code that the page shows.
func scanned(t *testing.T, p *webtest.Page, peer providertest.Peer) {
	t.Helper()
	p.Wait(`document.querySelector('#link-picture img')?.complete`)
	var shown string
	p.Eval(`document.querySelector('#link-picture img').src`, &shown)
	if err := peer.Scan(deadline(t), shown); err != nil {
		t.Fatal(err)
	}
	p.WaitText("#link-words", "WhatsApp is linked as")
}
