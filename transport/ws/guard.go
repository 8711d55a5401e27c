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
	addr      netip.Addr // peer address, v4-mapped folded
	local     bool       // the peer address is loopback
	direct    bool       // local, and no proxy in between
	tailscale bool       // a Tailscale serve proxy on this host vouches for the user
	browser   bool       // it has an Origin header
}

// guard decides before anything else who may talk to the gateway at all: no strange proxies, no foreign
// Host (DNS rebinding), no foreign Origin (a web page that reaches for a local port).
type guard struct {
	hosts   []string
	origins []string // scheme://host:port
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
	proxied := request.Forwarding(r.Header)
	if len(proxied) > 0 && (!allowTailscale || !from.tailscale || !tailscaleForm(proxied)) {
		return from, "forwarding headers are not accepted from this address"
	}
	from.tailscale = from.tailscale && allowTailscale
	from.direct = from.local && len(proxied) == 0
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
	if from.tailscale && r.Header.Get("X-Forwarded-Proto") == "https" {
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
