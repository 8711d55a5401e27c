package crashtest

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// slow puts a way to the platform between it and the gateway on which everything takes its time, before the platform acts
// and before its answer arrives: kills hit sends in flight. Platforms that are not behind one HTTP address are as they are.
func slow(t *testing.T, p providertest.Peer, seed uint64) providertest.Peer {
	t.Helper()
	if address, ok := p.Endpoint.(string); ok {
		p.Endpoint = slowWay(t, address, seed)
	}
	if address, ok := p.Config["httpUrl"].(string); ok {
		p.Config["httpUrl"] = slowWay(t, address, seed)
	}
	return p
}

func slowWay(t *testing.T, address string, seed uint64) string {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 3)) // guarded by mu
	pause := func() {
		mu.Lock()
		d := time.Duration(rng.Int64N(int64(slowness)))
		mu.Unlock()
		<-time.After(d)
	}
	target := &url.URL{Scheme: to.Scheme, Host: to.Host}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval:  -1,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as if there were no way between
		ModifyResponse: func(*http.Response) error { pause(); return nil },
		Transport:      &http.Transport{},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pause()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	})
	way := *to
	way.Host = s.Listener.Addr().String()
	return way.String()
}
