// Package request reads from an HTTP request what its socket and headers prove. Everything that is reached over HTTP, the
// WebSocket, the page and the canvas, goes by this one reading; what follows from it is for each to say.
package request

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// IsUpgrade reports whether the request wants a WebSocket. Only the Upgrade header decides, as in protocol 8.1; who
// answers the handshake judges the rest of it.
func IsUpgrade(r *http.Request) bool {
	for _, v := range r.Header.Values("Upgrade") {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "websocket") {
				return true
			}
		}
	}
	return false
}

// Forwarding lists the headers by which a proxy speaks of somebody else.
func Forwarding(h http.Header) []string {
	var found []string
	for name := range h {
		if name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded") {
			found = append(found, name)
		}
	}
	return found
}

// AcceptsGzip reports whether the answer may be compressed. It reads just enough of Accept-Encoding: gzip named and not given
// the weight zero.
func AcceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, isQ := strings.CutPrefix(strings.TrimSpace(params), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !isQ || err != nil || weight > 0
	}
	return false
}

// HostName is the host of a Host header: lower case, without port and brackets.
func HostName(hostport string) string {
	h := hostport
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		h = host
	}
	return strings.ToLower(strings.Trim(h, "[]"))
}

// LocalAddr is the address the request arrived on, v4-mapped folded; invalid when it is not known.
func LocalAddr(r *http.Request) netip.Addr {
	a, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if a == nil {
		return netip.Addr{}
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}
