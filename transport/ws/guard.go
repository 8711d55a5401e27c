package ws

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/request"
)

// origin is where a request came from, as far as its socket and headers prove it.
type origin struct {
	addr      netip.Addr // peer address, v4-mapped folded; behind a proxy that is believed: the one that it names
	local     bool       // the address is loopback
	direct    bool       // local, and no proxy in between
	tailscale bool       // a Tailscale serve proxy on this host vouches for the user
	browser   bool       // it has an Origin header
	https     bool       // the client speaks TLS, to us or to a proxy that is believed
	published bool       // its Host is the name under which Tailscale publishes this port
}

// guard decides before anything else who may talk to the gateway at all: no strange proxies, no foreign
// Host (DNS rebinding), no foreign Origin (a web page that reaches for a local port).
type guard struct {
	hosts   []string
	origins []string // scheme://host:port
	proxies []netip.Prefix
	// published is the name under which tailscaled, on this host, passes requests on; "" = it does not. Nil = it never does.
	published func() string
}

func newGuard(hosts, origins []string) (guard, error) {
	g := guard{}
	for _, h := range hosts {
		g.hosts = append(g.hosts, request.HostName(h))
	}
	for _, o := range origins {
		full, ok := fullOrigin(o)
		if !ok {
			return guard{}, fmt.Errorf("allowed origin %q is not scheme://host[:port]", o)
		}
		g.origins = append(g.origins, full)
	}
	return g, nil
}

// request checks what holds for every HTTP request. The text is for the client.
func (g guard) request(r *http.Request, allowTailscale bool) (from origin, refused string) {
	from = originOf(r)
	if proxied := request.Forwarding(r.Header); len(proxied) > 0 {
		if from, refused = g.behind(r, from, proxied, allowTailscale); refused != "" {
			return from, refused
		}
	} else {
		from.tailscale, from.direct, from.https = false, from.local, r.TLS != nil
	}
	if !g.hostAllowed(r, from) {
		return from, "host is not allowed"
	}
	return from, ""
}

// upgrade checks what a browser says of the page that opens a WebSocket.
func (g guard) upgrade(r *http.Request, from origin) (refused string) {
	site := r.Header.Get("Sec-Fetch-Site")
	if !from.browser {
		if site == "cross-site" {
			return "cross-site requests are not allowed"
		}
		return ""
	}
	values := r.Header.Values("Origin")
	full, ok := fullOrigin(values[0])
	switch {
	case len(values) != 1 || !ok:
	case slices.Contains(g.origins, full):
		return ""
	case full == ownOrigin(r, from) && site != "cross-site":
		return ""
	}
	return "origin is not allowed"
}

func originOf(r *http.Request) origin {
	from := origin{browser: len(r.Header.Values("Origin")) > 0}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		from.addr = ap.Addr().Unmap()
		from.local = from.addr.IsLoopback()
	}
	from.tailscale = tailscaleProxied(r.Header, from.local)
	return from
}

// behind judges a request that came through a proxy: Tailscale's on this host, or one that is listed.
func (g guard) behind(r *http.Request, from origin, proxied []string, allowTailscale bool) (_ origin, refused string) {
	from.https = r.Header.Get("X-Forwarded-Proto") == "https"
	exact := tailscaleForm(proxied)
	if from.tailscale = from.tailscale && exact && allowTailscale; from.tailscale {
		return from, ""
	}
	switch {
	case from.local && exact && g.publishedAs(r):
		from.published = true
	case g.believed(from.addr):
	default:
		return from, "forwarding headers are not accepted from this address"
	}
	client, ok := g.client(r.Header)
	if !ok {
		return from, "the proxy does not say for whom it asks: it must set X-Forwarded-For"
	}
	from.addr, from.local = client, client.IsLoopback()
	return from, ""
}

// publishedAs tells a request to the name that Tailscale publishes, in the form in which its proxy passes requests on that
// come from the internet, or from a device without a user.
func (g guard) publishedAs(r *http.Request) bool {
	if g.published == nil || r.Header.Get("X-Forwarded-Proto") == "" || r.Header.Get("X-Forwarded-Host") == "" {
		return false
	}
	name := g.published()
	return name != "" && request.HostName(r.Host) == strings.ToLower(name)
}

func (g guard) believed(addr netip.Addr) bool {
	return slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// client is whom the proxies ask for: the last address that is not a listed proxy's, since everything before it may be made
// up. When all are, it is the first.
func (g guard) client(h http.Header) (addr netip.Addr, ok bool) {
	parts := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	for _, part := range slices.Backward(parts) {
		part = strings.TrimSpace(part)
		a, err := netip.ParseAddr(strings.Trim(part, "[]"))
		if ap, e := netip.ParseAddrPort(part); err != nil && e == nil {
			a, err = ap.Addr(), nil
		}
		if err != nil {
			return netip.Addr{}, false
		}
		if addr = a.Unmap().WithZone(""); !g.believed(addr) {
			break
		}
	}
	return addr, addr.IsValid()
}

func tailscaleForm(proxied []string) bool {
	for _, name := range proxied {
		switch name {
		case "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host":
		default:
			return false
		}
	}
	return true
}

func (g guard) hostAllowed(r *http.Request, from origin) bool {
	host := request.HostName(r.Host)
	if host == "" {
		return false
	}
	if host == "localhost" || slices.Contains(g.hosts, host) {
		return true
	}
	if from.published {
		return true
	}
	if from.tailscale && host == request.HostName(r.Header.Get("X-Forwarded-Host")) {
		return true // a web page cannot set the header that makes it tailscale
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return ip.Unmap().IsLoopback() || ip.Unmap() == request.LocalAddr(r)
}

// ownOrigin is the origin of pages that the gateway itself serves to this client.
func ownOrigin(r *http.Request, from origin) string {
	scheme := "http"
	if from.https {
		scheme = "https"
	}
	full, _ := fullOrigin(scheme + "://" + r.Host)
	return full
}

// fullOrigin normalises an origin to scheme://host:port; false for "null" and everything else that is none.
func fullOrigin(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", false
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case u.Scheme == "https":
		port = "443"
	default:
		return "", false
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port), true
}
