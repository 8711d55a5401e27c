package canvas

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/transport/request"
)

// Reach is what is known of how a client came here, for the address that it is told of the canvas.
type Reach struct {
	Bind  string // the address that the canvas's own port is bound to; "" = it has none and the gateway's port serves it
	Port  int    // of the canvas, 0 = there is no canvas
	Host  string // the Host header; "" for a node
	Local string // the address of this machine that the client is connected to
	HTTPS bool   // the client's side of a trusted proxy is TLS
}

// URL is the address of the canvas for a client, "http://host:port", without a path; "" where there is none that it could
// use (bridge-canvas 1.13). An address that the port is bound to comes first, then the name that the client used, then the
// address that it is connected to.
func (r Reach) URL() string {
	if r.Port == 0 {
		return ""
	}
	host := ""
	switch name := request.HostName(r.Host); {
	case r.Bind != "" && !anyOrLoopback(r.Bind):
		host = r.Bind
	case name != "":
		host = name
	default:
		host = plain(r.Local)
	}
	if host == "" {
		return ""
	}
	scheme := "http"
	if r.HTTPS {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(r.Port))
}

// anyOrLoopback names addresses that say nothing to another machine.
func anyOrLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.Unmap().IsUnspecified() || ip.Unmap().IsLoopback())
}

// plain is an address without zone, and not in the form in which IPv6 writes one of IPv4.
func plain(addr string) string {
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		addr = ap.Addr().String()
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.IsUnspecified() {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}
