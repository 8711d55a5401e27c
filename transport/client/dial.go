package client

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/clawdbot/gateway/transport/certificate"
)

// openSocket connects to the gateway's address. The second result is the connection under the socket.
func openSocket(ctx context.Context, o *Options) (*websocket.Conn, net.Conn, error) {
	var conn net.Conn // set by a goroutine that a connect which failed may leave behind: read after success only
	config, err := TLSConfig(o.URL, o.TLSFingerprint)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to %s: %w", o.URL, err)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   config,
		DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
			c, err = new(net.Dialer).DialContext(ctx, network, addr)
			conn = c
			return c, err
		},
	}
	ws, resp, err := websocket.Dial(ctx, o.URL, &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     transport,
			CheckRedirect: func(to *http.Request, _ []*http.Request) error { return &RedirectError{redirected(to.URL)} },
		},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err == nil {
		return ws, conn, nil
	}
	if e := Distrusted(err); e != nil {
		return nil, nil, fmt.Errorf("connect to %s: %w", o.URL, e)
	}
	if e, ok := errors.AsType[*RedirectError](err); ok {
		return nil, nil, fmt.Errorf("connect to %s: %w", o.URL, e)
	}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols && resp.Body != nil {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 256)) // best effort: it only explains
		return nil, nil, fmt.Errorf("connect to %s: %w", o.URL, &HTTPError{resp.StatusCode, strings.TrimSpace(string(text))})
	}
	return nil, nil, fmt.Errorf("connect to %s: %w", o.URL, err)
}

// redirected is where a redirect leads, without what may be a secret in it.
func redirected(u *url.URL) string {
	at := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return at.String()
}

// TLSConfig accepts the one certificate with this fingerprint (Options.TLSFingerprint), for a connection to an address that
// begins with wss or https; nil for the fingerprint "": what the machine's authorities vouch for.
func TLSConfig(address, fingerprint string) (*tls.Config, error) {
	if fingerprint == "" {
		return nil, nil
	}
	want, err := certificate.ParseFingerprint(fingerprint)
	if err != nil {
		return nil, err
	}
	if scheme, _, _ := strings.Cut(strings.ToLower(address), ":"); scheme != "wss" && scheme != "https" {
		return nil, errors.New("a fingerprint was given, and the address is not wss://")
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // the certificate itself is compared instead
		VerifyConnection: func(s tls.ConnectionState) error {
			der := s.PeerCertificates[0].Raw // a server without one has failed before
			if sha256.Sum256(der) != want {
				return &CertificateError{Shown: certificate.Fingerprint(der), Want: fingerprint}
			}
			return nil
		},
	}, nil
}
