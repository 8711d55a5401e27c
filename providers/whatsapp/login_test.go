package whatsapp

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
)

func TestLogin_scan(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{}, "")
	code, err := r.p.StartLink(r.ctx, providers.LinkRequest{})
	r.must(err)
	if code.QR == "" || code.PairingCode != "" || code.Message == "" {
		t.Fatalf("code %+v", code)
	}
	checkPicture(t, code.QRDataURL)
	again, err := r.p.StartLink(r.ctx, providers.LinkRequest{})
	r.must(err)
	if again.QR != code.QR {
		t.Error("a login under way does not give its code again")
	}
	r.must(r.s.Scan(r.ctx, code.QR))
	linked, message, err := r.p.WaitLink(r.ctx)
	r.must(err)
	if !linked || !strings.Contains(message, "+15550001111") {
		t.Fatalf("WaitLink = %v %q", linked, message)
	}
	d := r.details()
	if !d.Linked || d.E164 != "+15550001111" || d.LinkedAt == 0 {
		t.Errorf("detail %+v", d)
	}
	if open, most := r.s.Sockets(); most > 1 || open > 0 {
		t.Errorf("sockets %d, at most %d", open, most)
	}
	r.up()
	if code, err := r.p.StartLink(r.ctx, providers.LinkRequest{}); err != nil || code.Any() || !strings.Contains(code.Message, "already linked as +15550001111") {
		t.Errorf("StartLink of a linked device = %+v, %v", code, err)
	}
	r.message(r.s.Say(r.s.Direct(), "hello"))
}

// checkPicture: 6 pixels per square, a margin of 4 squares.
func checkPicture(t *testing.T, url string) {
	t.Helper()
	raw, ok := strings.CutPrefix(url, "data:image/png;base64,")
	b, err := base64.StdEncoding.DecodeString(raw)
	if !ok || err != nil {
		t.Fatalf("no PNG: %.40s", url)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	side := img.Bounds().Dx()
	if side%modulePixels != 0 || side != img.Bounds().Dy() {
		t.Errorf("%d by %d pixels", side, img.Bounds().Dy())
	}
	dark := func(x, y int) bool { r, _, _, _ := img.At(x, y).RGBA(); return r == 0 }
	margin := 4 * modulePixels
	if dark(margin-1, margin) || dark(margin, margin-1) || !dark(margin, margin) || !dark(margin+modulePixels-1, margin+modulePixels-1) {
		t.Error("the code does not begin after four squares")
	}
}

func TestLogin_phone(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{}, "")
	if code, err := r.p.StartLink(r.ctx, providers.LinkRequest{Phone: "seven"}); err != nil || code.Any() || !strings.Contains(code.Message, "international") {
		t.Errorf("a wrong number = %+v, %v", code, err)
	}
	code, err := r.p.StartLink(r.ctx, providers.LinkRequest{Phone: "+1 555 000-1111"})
	r.must(err)
	if len(code.PairingCode) != 9 || code.QRDataURL != "" {
		t.Fatalf("code %+v", code)
	}
	r.must(r.s.EnterCode(r.ctx, code.PairingCode))
	linked, message, err := r.p.WaitLink(r.ctx)
	if err != nil || !linked {
		t.Fatalf("WaitLink = %v %q, %v", linked, message, err)
	}
	r.up()
}

func TestLogin_waiting(t *testing.T) {
	t.Parallel()
	r := newRig(t, whatsappfake.Options{}, "", func(o *options) { o.scan = 1500 * time.Millisecond })
	if linked, message, err := r.p.WaitLink(r.ctx); linked || err != nil || !strings.Contains(message, "No login") {
		t.Errorf("WaitLink before a start = %v %q %v", linked, message, err)
	}
	_, err := r.p.StartLink(r.ctx, providers.LinkRequest{})
	r.must(err)
	ended, cancel := context.WithCancel(r.ctx)
	cancel()
	if linked, message, err := r.p.WaitLink(ended); linked || err != nil || !strings.Contains(message, "Still waiting") {
		t.Errorf("WaitLink meanwhile = %v %q %v", linked, message, err)
	}
	if linked, message, err := r.p.WaitLink(r.ctx); linked || err != nil || !strings.Contains(message, "not used in time") {
		t.Errorf("WaitLink at the end = %v %q %v", linked, message, err)
	}
}

// To link anew interrupts the connection, which goes on with the new device; the old one is forgotten.
func TestLogin_force(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	r.up()
	code, err := r.p.StartLink(r.ctx, providers.LinkRequest{Force: true})
	r.must(err)
	if !code.Any() {
		t.Fatalf("code %+v", code)
	}
	from := r.mark()
	r.must(r.s.Scan(r.ctx, code.QR))
	if linked, message, err := r.p.WaitLink(r.ctx); err != nil || !linked {
		t.Fatalf("WaitLink = %v %q, %v", linked, message, err)
	}
	r.await("link up with the new device", r.link(from, providers.LinkUp))
	r.message(r.s.Say(r.s.Direct(), "hello"))
	if _, most := r.s.Sockets(); most > 1 {
		t.Errorf("%d sockets at once", most)
	}
}

// A login that nobody finishes leaves the connection as it was.
func TestLogin_forceGivenUp(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "", func(o *options) { o.scan = 1500 * time.Millisecond })
	r.up()
	from := r.mark()
	code, err := r.p.StartLink(r.ctx, providers.LinkRequest{Force: true})
	if err != nil || !code.Any() {
		t.Fatalf("code %+v, %v", code, err)
	}
	r.await("link up again", r.link(from, providers.LinkUp))
	r.message(r.s.Say(r.s.Direct(), "hello"))
}

func TestUnlink(t *testing.T) {
	t.Parallel()
	r := linkedRig(t, "")
	stop := r.up()
	cleared, err := r.p.Unlink(r.ctx)
	r.must(err)
	if !cleared || r.v.Exists(database) || r.s.Linked() {
		t.Errorf("cleared %v, credentials %v, linked at the server %v", cleared, r.v.Exists(database), r.s.Linked())
	}
	r.await("link down", r.link(0, providers.LinkDown))
	terminal(t, stop())
	if cleared, err := r.p.Unlink(r.ctx); cleared || err != nil {
		t.Errorf("the second time %v, %v", cleared, err)
	}
	if d := r.details(); d.Linked {
		t.Errorf("detail %+v", d)
	}
}
