package providers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// Exchange is the http.RoundTripper of one call of a library. It binds the request to a context, which some libraries
// have no parameter for, and remembers how far the request went and what came back, which their errors do not tell. A second
// request is not let through: whoever repeats a call does so knowingly.
type Exchange struct {
	Ctx  context.Context
	Base http.RoundTripper
	Most int64 // what one answer may take of memory, in bytes
	// Several: the call may take several requests, of which the last one counts.
	Several bool
	// Again is called when the library tries a second request; nil = it is only refused.
	Again func()

	mu     sync.Mutex // guards the following fields; the trace hooks run on net/http's goroutines
	used   bool
	unsent bool // for certain the platform has not got the whole request
	seen   Outcome
}

// Outcome is what an Exchange saw of its call.
type Outcome struct {
	Status int // of the answer; 0 = there was none, or half of a success
	Header http.Header
	Body   []byte
	// Written: the request may have reached the platform. Where a transport does not tell, the worst is assumed.
	Written bool
}

var errAgain = errors.New("a call is one request")

// Client makes requests through the exchange. It follows no redirect: a POST must not become another request.
func (x *Exchange) Client() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: NoRedirect}
}

// NoRedirect is the CheckRedirect of a client that takes a redirect as the answer.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// RoundTrip implements http.RoundTripper.
func (x *Exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	x.mu.Lock()
	used := x.used && !x.Several
	if !used {
		x.used, x.seen = true, Outcome{}
	}
	x.mu.Unlock()
	if used {
		if x.Again != nil {
			x.Again()
		}
		return nil, errAgain
	}
	if err := x.Ctx.Err(); err != nil {
		x.setUnsent(true)
		return nil, err
	}
	// A retry inside net/http starts again at GetConn.
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { x.setUnsent(true) },
		GotConn:      func(httptrace.GotConnInfo) { x.setUnsent(false) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { x.setUnsent(i.Err != nil) },
	}
	resp, err := x.Base.RoundTrip(req.Clone(httptrace.WithClientTrace(x.Ctx, trace)))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, x.Most+1))
	resp.Body.Close()
	if err == nil && int64(len(body)) > x.Most {
		err = errors.New("answer too large")
	}
	if err != nil && resp.StatusCode < http.StatusBadRequest {
		return nil, err // half a success is no answer; what there is of a refusal is one
	}
	x.mu.Lock()
	x.seen = Outcome{Status: resp.StatusCode, Header: resp.Header.Clone(), Body: body}
	x.mu.Unlock()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func (x *Exchange) setUnsent(v bool) {
	x.mu.Lock()
	x.unsent = v
	x.mu.Unlock()
}

// Outcome is what became of the call.
func (x *Exchange) Outcome() Outcome {
	x.mu.Lock()
	defer x.mu.Unlock()
	o := x.seen
	o.Written = x.used && !x.unsent
	return o
}
