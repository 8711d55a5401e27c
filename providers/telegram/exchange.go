package telegram

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// maxAnswer bounds what one answer may take of memory. A full batch of updates is far smaller.
const maxAnswer = 32 << 20

// exchange is the http.RoundTripper of exactly one call. It binds the request to a context, which telebot has no
// parameter for, and remembers how far the request went and what came back, which telebot's errors do not tell.
type exchange struct {
	ctx  context.Context
	base http.RoundTripper

	mu     sync.Mutex // guards the following fields; the trace hooks run on net/http's goroutines
	unsent bool       // for certain the platform has not got the whole request
	status int
	body   []byte
}

// client follows no redirect: the Bot API has none, and a POST must not become another request.
func (x *exchange) client() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := x.ctx.Err(); err != nil {
		x.setUnsent(true)
		return nil, err
	}
	// A transport that reports nothing leaves unsent false: then the worst is assumed. A retry inside net/http
	// starts again at GetConn.
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
	x.status, x.body = resp.StatusCode, body
	x.mu.Unlock()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func (x *exchange) setUnsent(v bool) {
	x.mu.Lock()
	x.unsent = v
	x.mu.Unlock()
}

// outcome is the answer, status 0 if there was none, and whether the request may have reached the platform.
func (x *exchange) outcome() (status int, body []byte, written bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.status, x.body, !x.unsent
}
