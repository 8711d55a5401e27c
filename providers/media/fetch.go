package media

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"time"

	"code.dny.dev/ssrf"

	"github.com/clawdbot/gateway/providers"
)

const (
	fetchLimit   = 60 * time.Second // from the first name lookup to the last byte
	dialLimit    = 10 * time.Second
	headerLimit  = 20 * time.Second
	maxRedirects = 5
)

// Fetch implements providers.Files. A limit of 0 or less is DefaultLimit. No error of it repeats the address, which may
// hold a credential: it names the host.
func (s *Store) Fetch(ctx context.Context, address string, header http.Header, name string, limit int64) (providers.Media, error) {
	u, err := Address(address)
	if err != nil {
		return providers.Media{}, fmt.Errorf("fetch attachment: %w", err)
	}
	m, err := s.fetch(ctx, u, header, name, limit)
	if err != nil {
		return providers.Media{}, fmt.Errorf("fetch attachment from %s: %w", u.Host, err)
	}
	return m, nil
}

// Address reads an address that somebody else has written, if it may be asked for at all.
func Address(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("not an address")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("only http and https addresses are fetched")
	case u.Hostname() == "":
		return nil, errors.New("the address names no host")
	case u.User != nil:
		return nil, errors.New("an address with a user name or password in it is not fetched")
	}
	return u, nil
}

func (s *Store) fetch(ctx context.Context, u *url.URL, header http.Header, name string, limit int64) (m providers.Media, err error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	trip := &trip{header: header, from: u}
	req, err := http.NewRequestWithContext(context.WithValue(ctx, tripKey{}, trip), http.MethodGet, u.String(), nil)
	if err != nil {
		return m, errors.New("not an address")
	}
	for k, vs := range header {
		req.Header[http.CanonicalHeaderKey(k)] = vs
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return m, withoutURL(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode != http.StatusOK:
		return m, fmt.Errorf("the answer is %s", resp.Status)
	case resp.ContentLength > limit:
		return m, fmt.Errorf("%w: %s, at most %s", providers.ErrTooLarge, bytesText(resp.ContentLength), bytesText(limit))
	}
	if name == "" {
		name = path.Base(u.Path)
	}
	m, err = s.keep(ctx, resp.Body, name, resp.Header.Get("Content-Type"), limit)
	return m, withoutURL(err)
}

// withoutURL is the cause of a client's error, which else repeats the address.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// trip is one Fetch on its way over redirects.
type trip struct {
	header http.Header
	from   *url.URL
	left   bool // it has been to another host
}

type tripKey struct{}

// redirect judges a redirect: the guard of the dialer sees where it leads to, what it carries is decided here.
func redirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if _, err := Address(req.URL.String()); err != nil {
		return fmt.Errorf("redirected: %w", err)
	}
	req.Header.Del("Referer") // the address before may hold a credential
	t, _ := req.Context().Value(tripKey{}).(*trip)
	if t == nil {
		return nil
	}
	t.left = t.left || req.URL.Host != t.from.Host || req.URL.Scheme != t.from.Scheme
	if t.left { // once away they stay away: a host that sends us back is not trusted with them either
		for k := range t.header {
			req.Header.Del(k)
		}
	}
	return nil
}

// Client makes a client that reaches public addresses and endpoint, an address on this host, if that is not empty. It is the
// way to everything whose address somebody else has written: redirects are judged like the address itself (Address is for
// the first one), nothing is kept between two fetches, and no proxy is asked, which would do the dialling. It bounds the time
// until the headers of an answer have come; the rest is for ctx.
func Client(endpoint string) *http.Client {
	return &http.Client{
		CheckRedirect: redirect,
		Transport: &http.Transport{
			DialContext: Dialer(endpoint), DisableKeepAlives: true, DisableCompression: true,
			TLSHandshakeTimeout: dialLimit, ResponseHeaderTimeout: headerLimit, MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// Dialer connects to public addresses and to endpoint, an address on this host, if that is not empty. Anything else is
// ErrForbidden; names are judged by what they lead to.
func Dialer(endpoint string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	own := hostPort(endpoint)
	open := &net.Dialer{Timeout: dialLimit}
	guarded := &net.Dialer{Timeout: dialLimit, Control: ssrf.New(ssrf.WithAnyPort()).Safe}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if own != "" && addr == own {
			return open.DialContext(ctx, network, addr)
		}
		c, err := guarded.DialContext(ctx, network, addr)
		if errors.Is(err, ssrf.ErrProhibitedIP) {
			return nil, ErrForbidden
		}
		return c, err
	}
}

// ErrForbidden: the address leads to this host or into an inner network.
var ErrForbidden = errors.New("the address is not a public one: files are fetched from the internet only")

// hostPort is where an endpoint listens, "" for none.
func hostPort(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https", u.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
