package canvas

import (
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/request"
)

const (
	noAccess = "From another machine the canvas is read by a connected node, or with a URL that carries a capability: clawdbot canvas url"
	expired  = "This address is not valid any more: make a new one with clawdbot canvas url"
)

// admit says why a request is not answered, "" for one that is. An address is an identity nowhere else: the apps of protocol
// 2 cannot carry a capability, so that of a connected node counts, for reading and for nothing else.
func (h *Host) admit(r *http.Request, p place) (why string) {
	switch {
	case p.has && h.valid(p.capability):
		return ""
	case p.has:
		return expired
	}
	addr := peer(r)
	switch {
	case len(request.Forwarding(r.Header)) > 0: // a proxy's address says nothing of who is behind it
		return noAccess
	case addr.IsLoopback():
		return ""
	case addr.IsValid() && h.o.Node != nil && h.o.Node(addr):
		return ""
	}
	return noAccess
}

// peer is the address at the other end, v4-mapped folded.
func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

// ownPage tells whether a reload socket is opened by a page of this host, by a program, or by a page in a sandbox, which has
// the origin "null". The socket says nothing but that something has changed.
func ownPage(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 || len(origins) == 1 && origins[0] == "null" {
		return true
	}
	host := strings.TrimPrefix(strings.TrimPrefix(origins[0], "http://"), "https://")
	return len(origins) == 1 && host != origins[0] && strings.EqualFold(host, r.Host)
}

// hostNames are the names under which this machine may be addressed: anything else is a name that somebody has pointed at
// it to have a browser on it read what it serves.
type hostNames struct {
	listed []string
	own    string // the first label of the machine's name
}

func newHostNames(listed []string) hostNames {
	n := hostNames{}
	for _, h := range listed {
		n.listed = append(n.listed, request.HostName(h))
	}
	if name, err := os.Hostname(); err == nil {
		n.own, _, _ = strings.Cut(strings.ToLower(name), ".")
	}
	return n
}

// allow judges a request's Host header.
func (n hostNames) allow(r *http.Request) bool {
	host := strings.TrimSuffix(request.HostName(r.Host), ".")
	if host == "localhost" || slices.Contains(n.listed, host) {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap().WithZone("")
		return ip.IsLoopback() || ip == request.LocalAddr(r)
	}
	first, rest, _ := strings.Cut(host, ".")
	switch {
	case n.own == "" || first != n.own:
		return false
	case rest == "", rest == "local", rest == "clawdbot.internal", strings.HasSuffix(rest, ".ts.net"):
		return true // names that only this network gives out
	}
	return false
}
