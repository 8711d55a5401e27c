package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/certificate"
)

// overTLS puts a TLS server before a gateway and returns its address and the fingerprint of its certificate.
func overTLS(t *testing.T, h http.Handler) (url, fingerprint string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pair.pem")
	source, err := certificate.Open(certificate.Options{
		CertPath: path, KeyPath: path, Own: true, Names: []string{"other.example.org"},
		Replace: func(path string, content []byte) error { return os.WriteFile(path, content, 0o600) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, served := &http.Server{Handler: h, ReadHeaderTimeout: patience}, make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(tls.NewListener(ln, source.Config()))
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	return "wss://" + ln.Addr().String(), source.Info().Fingerprint
}

func TestClient_fingerprint(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	url, fingerprint := overTLS(t, g.Server)
	for _, f := range []string{fingerprint, strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))} {
		c := dial(t, Options{URL: url, TLSFingerprint: f})
		var echo struct{ A int }
		if err := c.Call(t.Context(), "echo", map[string]any{"A": 7}, &echo); err != nil || echo.A != 7 {
			t.Errorf("echo %+v, %v", echo, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}

	before := g.Count()
	other := certificate.Fingerprint([]byte("another"))
	_, err := Dial(t.Context(), Options{URL: url, Token: token, TLSFingerprint: other})
	e, ok := errors.AsType[*CertificateError](err)
	if !ok || !errors.Is(err, ErrCertificate) || e.Shown != fingerprint || e.Want != other || strings.Contains(err.Error(), token) {
		t.Errorf("another fingerprint: %v", err)
	}
	_, err = Dial(t.Context(), Options{URL: url, Token: token})
	if e, ok = errors.AsType[*CertificateError](err); !ok || e.Shown != fingerprint || e.Want != "" || e.Cause == nil {
		t.Errorf("without a fingerprint: %v", err)
	}
	if g.Count() > before {
		t.Error("the gateway was talked to")
	}
	if _, err = Dial(t.Context(), Options{URL: url, TLSFingerprint: "AB:CD"}); !errors.Is(err, certificate.ErrFingerprint) {
		t.Errorf("no fingerprint: %v", err)
	}
	if _, err = Dial(t.Context(), Options{URL: g.url, TLSFingerprint: fingerprint}); err == nil || !strings.Contains(err.Error(), "is not wss://") {
		t.Errorf("a fingerprint and no TLS: %v", err)
	}
}

// A client that speaks plain text to a TLS port learns so, and one that speaks TLS to a plain port too.
func TestClient_wrongScheme(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	url, fingerprint := overTLS(t, g.Server)
	_, err := Dial(t.Context(), Options{URL: strings.Replace(url, "wss:", "ws:", 1)})
	if e, ok := errors.AsType[*HTTPError](err); !ok || e.Status != http.StatusBadRequest || !strings.Contains(e.Text, "HTTPS") {
		t.Errorf("ws:// to TLS: %v", err)
	}
	_, err = Dial(t.Context(), Options{URL: strings.Replace(g.url, "ws:", "wss:", 1), TLSFingerprint: fingerprint})
	if _, ok := errors.AsType[tls.RecordHeaderError](err); !ok && (err == nil || !strings.Contains(err.Error(), "HTTP response to HTTPS client")) {
		t.Errorf("wss:// to a plain port: %v", err)
	}
}

// A redirect is not followed: the credential is for the address that was given.
func TestClient_redirect(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	before := g.Count()
	url, fingerprint := overTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+g.addr+"/elsewhere?token=1", http.StatusFound)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := Dial(ctx, Options{URL: url, TLSFingerprint: fingerprint})
	if e, ok := errors.AsType[*RedirectError](err); !ok || e.To != "http://"+g.addr+"/elsewhere" || g.Count() > before {
		t.Errorf("%v", err)
	}
}
