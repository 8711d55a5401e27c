package web_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// picture is one as web.login.start answers it, of some size.
func picture(side int) string {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		panic(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// phoneGateway is a gateway to which no phone is linked yet.
type phoneGateway struct {
	*fakeGateway
	linked chan object // answers of web.login.wait
}

func newPhoneGateway(t *testing.T) *phoneGateway {
	g := &phoneGateway{newFake(t), make(chan object, 10)}
	g.on = map[string]func(c *fakeCall){
		"providers.status": func(c *fakeCall) {
			g.mu.Lock()
			linked := g.health["web"].(object)["linked"]
			g.mu.Unlock()
			c.ok(object{"ts": 1, "whatsapp": object{"configured": true, "linked": linked}, "accounts": []object{{"account": "whatsapp", "provider": "whatsapp", "state": "terminal", "reason": "not linked"}}})
		},
		"web.login.start": func(c *fakeCall) {
			var p struct{ Phone string }
			if err := json.Unmarshal(c.Raw, &p); err != nil {
				t.Error(err)
			}
			switch p.Phone {
			case "":
				c.ok(object{"message": "Scan it.", "qrDataUrl": picture(g.count("web.login.start"))})
			case "+15555550123":
				c.ok(object{"message": "Type it.", "pairingCode": "ABCD-EFGH"})
			default:
				c.ok(object{"message": "The phone number must be in international form, like +4917012345678."})
			}
		},
		"web.login.wait": func(c *fakeCall) {
			select {
			case r := <-g.linked:
				c.ok(r)
			case <-t.Context().Done():
			}
		},
	}
	return g
}

// link makes the phone one that is linked.
func (g *phoneGateway) link() {
	g.mu.Lock()
	g.health = object{"ok": true, "ts": time.Now().UnixMilli(), "web": object{"linked": true}}
	g.mu.Unlock()
	g.linked <- object{"connected": true, "message": "WhatsApp is linked as +15550001000."}
}

const offered = `document.querySelector('#about .link-offer')`

func TestPhoneIsLinkedByCode(t *testing.T) {
	t.Parallel()
	g := newPhoneGateway(t)
	p := open(t, g.fakeGateway)
	p.Wait(offered)
	p.WaitText(".empty dd .link-offer", "Link WhatsApp")
	p.Click("#about .link-offer")
	p.Wait(`document.querySelector('#link-picture img')?.src.startsWith('data:image/png') && document.querySelector('#link-dialog').dataset.phase === 'scan'`)
	p.WaitText("#link-words", "Waiting for the phone")
	g.linked <- object{"connected": false, "message": "Still waiting for the code to be used; ask again."}
	g.wait("web.login.wait", 2) // it goes on waiting, with the newest code
	p.Wait(`document.querySelector('#link-picture img').naturalWidth === 2`)
	g.linked <- object{"connected": false, "message": "The code was not used in time; start again."}
	p.WaitText("#link-words", "not used in time")
	p.Wait(`document.querySelector('#link-dialog').dataset.phase === 'failed' && document.querySelector('#link-picture').hidden`)
	p.Click("#link-again")
	p.Wait(`document.querySelector('#link-dialog').dataset.phase === 'scan'`)
	g.wait("web.login.wait", 3)
	g.link()
	p.WaitText("#link-words", "WhatsApp is linked as +15550001000.")
	p.WaitText("#link-close", "Done")
	p.Wait("!" + offered)
	p.Click("#link-close")
	p.Wait(`!document.querySelector('#link-dialog').open`)
}

func TestPhoneIsLinkedByNumber(t *testing.T) {
	t.Parallel()
	g := newPhoneGateway(t)
	p := open(t, g.fakeGateway)
	p.Wait(offered)
	p.Click("#about .link-offer")
	p.Wait(`document.querySelector('#link-dialog').dataset.phase === 'scan'`)
	p.Click("#link-other summary")
	p.Type("#link-phone", "0170 1234\r")
	p.WaitText("#link-words", "international form")
	p.Eval(`document.querySelector('#link-phone').value = ''`, nil)
	p.Type("#link-phone", "+15555550123\r")
	p.WaitText("#link-typed", "ABCD-EFGH")
	p.Wait(`document.querySelector('#link-picture').hidden && document.querySelector('#link-dialog').dataset.phase === 'type'`)
	p.WaitText("#link-steps", "Link with phone number")
	if n := g.count("web.login.start"); n != 3 {
		t.Errorf("%d codes were asked for, want 3", n)
	}
	g.link()
	g.linked <- object{"connected": true, "message": "WhatsApp is linked as +15550001000."} // for the wait of the first code
	p.WaitText("#link-words", "WhatsApp is linked as")
}

// A gateway that tells of no WhatsApp account is offered no phone, and one whose connection goes says so in the dialog.
func TestPhoneWithoutAccountOrLink(t *testing.T) {
	t.Parallel()
	g := newPhoneGateway(t)
	status := g.on["providers.status"]
	g.on["providers.status"] = func(c *fakeCall) {
		c.ok(object{"ts": 1, "whatsapp": object{"linked": false}, "accounts": []object{{"account": "whatsapp", "provider": "whatsapp", "state": "disabled"}}})
	}
	p := open(t, g.fakeGateway)
	g.wait("providers.status", 1)
	p.WaitText("#about", "Gateway")
	if p.Count(".link-offer") != 0 {
		t.Error("a phone is offered to an account that is switched off")
	}
	g.stop()
	g.on["providers.status"] = status
	g.start()
	p.WaitLive()
	p.Wait(offered)
	p.Click("#about .link-offer")
	p.Wait(`document.querySelector('#link-dialog').dataset.phase === 'scan'`)
	g.wait("web.login.wait", 1)
	go g.stop()
	p.Wait(`document.querySelector('#link-dialog').dataset.phase === 'failed'`)
	p.WaitText("#link-words", "restarting")
	g.linked <- object{"connected": false, "message": ""} // the call that was cut off
}

func TestPhoneDialogLooks(t *testing.T) {
	t.Parallel()
	g := newPhoneGateway(t)
	p := open(t, g.fakeGateway)
	p.Wait(offered)
	shot := func(name string) {
		if dir := os.Getenv("WEB_SCREENSHOTS"); dir != "" {
			p.Screenshot(filepath.Join(dir, "link-"+name+".png"))
		}
	}
	contrast := func(state string) {
		t.Helper()
		var low []string
		p.Eval(lowContrast, &low)
		if len(low) > 0 {
			t.Errorf("%s: contrast below 4.5: %q", state, low)
		}
	}
	settled := `document.getAnimations().every((a) => a.playState !== 'running')`
	p.Click("#about .link-offer")
	p.Wait(`document.querySelector('#link-picture img')?.complete`)
	for _, scheme := range []string{"light", "dark"} {
		p.Dark(scheme == "dark")
		p.Wait(settled)
		contrast(scheme)
		shot(scheme)
	}
	p.Click("#link-other summary")
	p.Type("#link-phone", "+15555550123\r")
	p.WaitText("#link-typed", "ABCD-EFGH")
	contrast("dark, a code to type")
	p.Dark(false)
	p.Size(390, 844, true)
	p.Wait(settled)
	var out, nameless []string
	p.Eval(overflowing, &out)
	p.Eval(`[...document.querySelectorAll('#link-dialog button:not([hidden]), #link-dialog input, #link-dialog img')].filter((e) => !(e.textContent.trim() || e.labels?.length || e.alt)).map((e) => e.outerHTML)`, &nameless)
	if len(out) > 0 || len(nameless) > 0 {
		t.Errorf("sticking out: %q; without a name: %q", out, nameless)
	}
	shot("phone")
	g.linked <- object{"connected": false, "message": "The code was not used in time; start again."}
	g.linked <- object{"connected": false, "message": "The code was not used in time; start again."}
	p.WaitText("#link-words", "not used in time")
	contrast("failed")
	shot("failed")
	p.Keys(kb.Escape)
	p.Wait(`!document.querySelector('#link-dialog').open`)
}
