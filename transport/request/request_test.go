package request

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestRequest(t *testing.T) {
	for host, want := range map[string]string{"LocalHost:18789": "localhost", "[::1]:80": "::1", "[::1]": "::1", "a.b": "a.b", "": ""} {
		if got := HostName(host); got != want {
			t.Errorf("HostName(%q) = %q", host, got)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
	if IsUpgrade(r) || len(Forwarding(r.Header)) != 0 || LocalAddr(r).IsValid() {
		t.Error("a plain request is taken for more")
	}
	r.Header.Set("Upgrade", "h2c, WebSocket")
	r.Header.Set("X-Forwarded-For", "10.0.0.1")
	r.Header.Set("Forwarded", "for=10.0.0.1")
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1"), Port: 1}))
	if !IsUpgrade(r) || len(Forwarding(r.Header)) != 2 || LocalAddr(r).String() != "127.0.0.1" {
		t.Errorf("%v, %v, %v", IsUpgrade(r), Forwarding(r.Header), LocalAddr(r))
	}
}
