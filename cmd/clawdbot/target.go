package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/certificate"
	"github.com/clawdbot/gateway/transport/client"
)

// target is which gateway to talk to, and with what.
type target struct {
	url             string
	token, password config.Secret
	fingerprint     string // of the certificate that it has to show; "" = one that this machine's authorities vouch for
	local           bool   // this host's own
	invalid         error  // the config file could not be used
}

// target lays the flags over environment and config file. Credentials of the file go only to a gateway that the file
// itself names, or that runs on this host: an address from elsewhere must not be able to collect them.
func (a *app) target(f clientFlags) (target, error) {
	env := a.env()
	doc, err := config.Load(env.ConfigPath, a.getenv)
	c := doc.Config
	t := target{invalid: err, fingerprint: f.fingerprint}
	if c == nil {
		c = config.Parse(env.ConfigPath, "{}", a.getenv).Config
	}
	g := c.Gateway
	fileToken, filePassword := g.Auth.Token, g.Auth.Password
	own := ownURL(env, c)
	named := g.Remote.URL != "" && (f.url == g.Remote.URL.Reveal() || f.url == "" && g.Mode == "remote")
	switch {
	case named:
		t.url = g.Remote.URL.Reveal()
		fileToken, filePassword = g.Remote.Token, g.Remote.Password
		t.fingerprint = orElse(f.fingerprint, g.Remote.TLSFingerprint)
	case f.url != "":
		t.url = f.url
	default:
		t.url = own
	}
	u, err := url.Parse(t.url)
	switch {
	case err == nil && carriesSecret(u):
		return t, usage("the address of a gateway carries no credential, since addresses are shown and logged: give --token or --password, or set gateway.remote.token")
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "":
		return t, usage("the address of a gateway looks like ws://127.0.0.1:18789 or wss://host")
	}
	if t.fingerprint != "" {
		if _, err := certificate.ParseFingerprint(t.fingerprint); err != nil {
			return t, usage("%v; the status of the gateway shows it", err)
		}
		if u.Scheme != "wss" {
			return t, usage("a fingerprint is of a certificate, and %s:// has none: the address begins with wss://", u.Scheme)
		}
	}
	t.local = config.Loopback(u.Hostname())
	if t.url == own && t.fingerprint == "" && g.TLS.Enabled {
		t.fingerprint = ownFingerprint(env, c)
	}
	if f.url != "" && !t.local && !named {
		fileToken, filePassword = "", ""
	}
	t.token = firstUsable(config.Secret(f.token), env.Token, fileToken)
	t.password = firstUsable(config.Secret(f.password), env.Password, filePassword)
	return t, nil
}

// ownURL is the address of this host's own gateway.
func ownURL(env config.Env, c *config.Config) string {
	at := net.JoinHostPort(localHost(c.Gateway.Bind), strconv.Itoa(env.Ports(c, 0).Gateway))
	if c.Gateway.TLS.Enabled {
		return "wss://" + at
	}
	return "ws://" + at
}

// carriesSecret tells an address with a credential in it, or what looks like one.
func carriesSecret(u *url.URL) bool {
	if u.User != nil {
		return true
	}
	fragment, _ := url.ParseQuery(u.Fragment)
	for _, values := range []url.Values{u.Query(), fragment} {
		for key := range values {
			if slices.Contains([]string{"token", "password", "auth", "access_token", "secret", "key"}, strings.ToLower(key)) {
				return true
			}
		}
	}
	return false
}

// ownFingerprint is that of the certificate that this host's gateway shows, from its file; "" = it cannot be read.
func ownFingerprint(env config.Env, c *config.Config) string {
	pair, err := certificate.Load(certFiles(env, c))
	if err != nil {
		return ""
	}
	return certificate.Fingerprint(pair.Certificate[0])
}

func certFiles(env config.Env, c *config.Config) (cert, key string) {
	cert, key, _ = env.CertFiles(c)
	return cert, key
}

func firstUsable(flag config.Secret, env *config.Secret, file config.Secret) config.Secret {
	switch {
	case flag != "":
		return flag
	case env != nil && strings.TrimSpace(env.Reveal()) != "":
		return *env
	default:
		return file
	}
}

// localHost is where a gateway that was started with this bind mode can be reached from its own host.
func localHost(bind string) string {
	host, err := config.BindHost(bind, localAddrs())
	if err != nil || host == "0.0.0.0" {
		return "127.0.0.1"
	}
	return host
}

// notRunning: nobody listens where this host's gateway would.
type notRunning struct{ at, hint string }

func (e *notRunning) Error() string {
	return "gateway is not running at " + e.at + "; start it with: clawdbot gateway" + e.hint
}

// explain turns a failed connect into what is wrong and what to do about it. It shows no part of the address that may
// hold a credential.
func (t target) explain(err error, timeout time.Duration) error {
	at := t.url
	if i := strings.IndexAny(at, "?#"); i >= 0 {
		at = at[:i]
	}
	hint := ""
	if t.invalid != nil && !errors.Is(t.invalid, fs.ErrNotExist) {
		hint = "\nThe config file cannot be used, so address and credentials are the defaults:\n" + t.invalid.Error()
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, client.ErrUnauthorized):
		if t.token == "" && t.password == "" {
			return fmt.Errorf("the gateway at %s wants a credential: give --token or --password, or set CLAWDBOT_GATEWAY_TOKEN%s", at, hint)
		}
		return fmt.Errorf("%w%s", err, hint)
	case errors.Is(err, syscall.ECONNREFUSED) && t.local:
		return &notRunning{at, hint}
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no gateway listens at %s; check the address, and that the gateway runs there%s", at, hint)
	case errors.As(err, &dns):
		return fmt.Errorf("the host of %s is not known; check the address%s", at, hint)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fmt.Errorf("the host of %s is not reached: is this machine in its network, its tailnet, or is there an ssh tunnel (docs/remote.md)?%s", at, hint)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the gateway at %s did not answer within %s; check that it is one, or give more --timeout%s", at, timeout, hint)
	}
	if why := t.explainTLS(err, at); why != nil {
		return fmt.Errorf("%w%s", why, hint)
	}
	return fmt.Errorf("%s%s", strings.ReplaceAll(err.Error(), t.url, at), hint)
}

// explainTLS explains what goes wrong before anything was said; nil = it was something else.
func (t target) explainTLS(err error, at string) error {
	if e := client.Distrusted(err); e != nil {
		if e.Want != "" {
			return fmt.Errorf("what answers at %s is not the gateway that is expected, or it has a new certificate: its fingerprint is\n  %s\nand not\n  %s\n"+
				"Compare it with what clawdbot status shows on the gateway's machine; only if it is the same give it: --tls-fingerprint, gateway.remote.tlsFingerprint", at, e.Shown, e.Want)
		}
		return fmt.Errorf("the certificate at %s cannot be trusted: %w. Its fingerprint is\n  %s\n"+
			"Compare it with what clawdbot status shows on the gateway's machine; if it is the same give it: --tls-fingerprint, gateway.remote.tlsFingerprint", at, e.Cause, e.Shown)
	}
	if e, ok := errors.AsType[*client.RedirectError](err); ok {
		return fmt.Errorf("%s leads elsewhere, to %s: use that address, with ws for http and wss for https", at, e.To)
	}
	if e, ok := errors.AsType[*client.HTTPError](err); ok {
		switch {
		case e.Status == http.StatusBadRequest && strings.Contains(e.Text, "HTTPS"):
			return fmt.Errorf("the port at %s speaks TLS: the address begins with wss://", at)
		case e.Status == http.StatusForbidden:
			return fmt.Errorf("the gateway at %s does not let this connection in: %s (docs/remote.md says what it looks at)", at, e.Text)
		case e.Status == http.StatusBadGateway, e.Status == http.StatusGatewayTimeout:
			return fmt.Errorf("the proxy at %s answers, and the gateway behind it does not: does it run, on the port that the proxy asks? (%d)", at, e.Status)
		}
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return fmt.Errorf("the port at %s speaks no TLS: the address begins with ws://, or gateway.tls.enabled is off there", at)
	}
	return nil
}
