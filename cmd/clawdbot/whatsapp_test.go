//go:build !nowhatsapp && !slim

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
	"github.com/clawdbot/gateway/transport/wire"
)

var whatsAppPeer = endToEnd{name: "whatsapp", peer: func(t *testing.T) providertest.Peer { return whatsappfake.NewPeer(t) }, link: linkByScan}

func init() { peers = append(peers, whatsAppPeer) }

// linkByScan links an account as its owner does: the gateway shows a code, the phone scans it.
func linkByScan(t *testing.T, p providertest.Peer, d *daemon) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r := d.client(t, "gateway", "call", "web.login.start", "--timeout", "60000")
	var start wire.WebLoginStartResult
	if r.code != 0 || wire.Unmarshal([]byte(r.out), &start) != nil || start.QRDataURL == "" {
		t.Fatalf("web.login.start: %+v", r)
	}
	if err := p.Scan(ctx, start.QRDataURL); err != nil {
		t.Fatal(err)
	}
	r = d.client(t, "gateway", "call", "web.login.wait", "--timeout", "60000")
	var wait wire.WebLoginWaitResult
	if r.code != 0 || wire.Unmarshal([]byte(r.out), &wait) != nil || !wait.Connected {
		t.Fatalf("web.login.wait: %+v", r)
	}
}

// TestWhatsApp_oneProcess: of two gateways with the same credentials, each with a state directory of its own, one has the
// session. The other one opens nothing and names it; when the first one has gone, it can take over.
func TestWhatsApp_oneProcess(t *testing.T) {
	t.Parallel()
	s := newSurface(t, whatsAppPeer)
	s.start()
	s.link(t, s.peer, s.d)
	s.under(func() {
		chat := s.peer.Direct
		s.d.stop(s.t) // a database that is copied while it is used may be torn
		other := t.TempDir()
		mustCopy(t, filepath.Join(s.dir, "config.json5"), filepath.Join(other, "config.json5"))
		mustCopy(t, filepath.Join(s.dir, ".clawdbot", "whatsapp.db"), filepath.Join(other, ".clawdbot", "whatsapp.db"))
		s.start()
		first := s.d
		s.say(chat)
		s.told(chat)

		second := launchIn(t, other, []string{ // the same person on the same host
			"HOME=" + s.dir, "CLAWDBOT_STATE_DIR=" + filepath.Join(other, ".clawdbot"),
		}, "--port", freePort(t))
		reason := s.awaitState(second, "terminal")
		for _, want := range []string{fmt.Sprintf("pid %d on ", first.cmd.Process.Pid), filepath.Join(s.dir, ".clawdbot")} {
			if !strings.Contains(reason, want) {
				s.t.Errorf("the second gateway says %q, without %q", reason, want)
			}
		}
		s.say(chat)
		s.told(chat)

		first.stop(s.t)
		if r := second.client(s.t, "providers", "restart", "whatsapp"); r.code != 0 {
			s.t.Fatalf("restart: %+v", r)
		}
		s.awaitState(second, "up")
		s.say(chat)
		s.told(chat)
		if _, most := s.peer.Sockets(); most != 1 {
			s.t.Errorf("there were %d connections at once", most)
		}
		second.stop(s.t)
	})(t)
}

// awaitState asks a gateway until the surface's account is in a state, and returns the reason.
func (s *surface) awaitState(d *daemon, want string) (reason string) {
	s.t.Helper()
	last := ""
	for s.ctx.Err() == nil {
		r := d.client(s.t, "gateway", "call", "providers.status")
		var all wire.ProvidersStatusResult
		if r.code != 0 || wire.Unmarshal([]byte(r.out), &all) != nil {
			s.t.Fatalf("providers.status: %+v", r)
		}
		for _, a := range all.Accounts {
			if a.Account == s.name && a.State == want {
				return a.Reason
			}
		}
		last = r.out
	}
	s.t.Fatalf("%s is not %s: %s", s.name, want, last)
	return ""
}

func mustCopy(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
