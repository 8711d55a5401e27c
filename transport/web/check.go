package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// loopbackHost admits the names a browser on this machine uses.
func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// secure sets the headers that every answer to a plain request carries. The policy allows the
// page's own files and a WebSocket to the host it came from, and nothing inline.
func secure(h http.Header, host string) {
	connect := "'self'"
	if isSourceHost(host) {
		connect += " ws://" + host + " wss://" + host // older browsers do not count ws: as 'self'
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "+connect+
		"; img-src 'self' data: blob:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"+
		"; require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// isSourceHost reports whether a Host header can stand in a policy as it is: a name or IPv4 address
// with an optional port. The policy grammar has no IPv6 addresses; 'self' covers them.
func isSourceHost(host string) bool {
	for i := range len(host) {
		c := host[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != ':' {
			return false
		}
	}
	return host != "" && strings.Count(host, ":") <= 1
}
