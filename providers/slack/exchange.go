package slack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// maxAnswer bounds what one answer may take of memory.
const maxAnswer = 32 << 20

// exchange is the http.RoundTripper of exactly one call. It remembers how far the request went and what came back, which the
// library's errors do not tell, and it lets no second request through: whoever repeats a call does so knowingly.
type exchange struct {
	ctx  context.Context
	base http.RoundTripper
	// again is called instead of a second request.
	again func()

	mu     sync.Mutex // guards the following fields; the trace hooks run on net/http's goroutines
	used   bool
	unsent bool // for certain the platform has not got the whole request
	status int
	header http.Header
	body   []byte
}

var errAgain = errors.New("a call is one request")

// client follows no redirect: the Web API has none, and a POST must not become another request.
func (x *exchange) client() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	x.mu.Lock()
	used := x.used
	x.used = true
	x.mu.Unlock()
	if used {
		if x.again != nil {
			x.again()
		}
		return nil, errAgain
	}
	if err := x.ctx.Err(); err != nil {
		x.setUnsent(true)
		return nil, err
	}
	// A transport that reports nothing leaves unsent false: then the worst is assumed. A retry inside net/http starts again
	// at GetConn.
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { x.setUnsent(true) },
		GotConn:      func(httptrace.GotConnInfo) { x.setUnsent(false) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { x.setUnsent(i.Err != nil) },
	}
	resp, err := x.base.RoundTrip(req.Clone(httptrace.WithClientTrace(x.ctx, trace)))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	resp.Body.Close()
	if err == nil && len(body) > maxAnswer {
		err = errors.New("answer too large")
	}
	if err != nil && resp.StatusCode < http.StatusBadRequest {
		return nil, err // half a success is no answer
	}
	x.mu.Lock()
	x.status, x.header, x.body = resp.StatusCode, resp.Header, body
	x.mu.Unlock()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func (x *exchange) setUnsent(v bool) {
	x.mu.Lock()
	x.unsent = v
	x.mu.Unlock()
}

// seen is what the exchange saw: the answer, status 0 if there was none, and whether the request may have arrived.
type seen struct {
	status  int
	header  http.Header
	body    []byte
	written bool
}

func (x *exchange) outcome() seen {
	x.mu.Lock()
	defer x.mu.Unlock()
	return seen{x.status, x.header, x.body, x.used && !x.unsent}
}
