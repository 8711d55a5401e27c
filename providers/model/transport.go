package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const defaultSilence = 5 * time.Minute

// Client is an HTTP client for the endpoint. It gives up when the endpoint says nothing for too long, before its answer or
// in the middle, and it follows no redirect: the key would go along.
func (e Endpoint) Client() *http.Client {
	silence := e.Silence
	if silence <= 0 {
		silence = defaultSilence
	}
	next := e.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return &http.Client{
		Transport:     attentive{next, silence, e.Headers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// attentive ends requests whose server has fallen silent.
type attentive struct {
	next    http.RoundTripper
	silence time.Duration
	headers map[string]string
}

// silent is the error of a stream in which nothing came.
type silent time.Duration

func (s silent) Error() string { return fmt.Sprintf("nothing came for %s", time.Duration(s)) }

func (a attentive) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	r = r.Clone(ctx)
	for k, v := range a.headers {
		r.Header.Set(k, v)
	}
	timer := time.AfterFunc(a.silence, func() { cancel(silent(a.silence)) })
	resp, err := a.next.RoundTrip(r)
	if err != nil {
		timer.Stop()
		err = why(ctx, err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &watched{resp.Body, ctx, cancel, timer, a.silence}
	return resp, nil
}

// why prefers the silence over what it led to.
func why(ctx context.Context, err error) error {
	if s, ok := errors.AsType[silent](context.Cause(ctx)); ok {
		return s
	}
	return err
}

// watched is a body in which each read starts the clock anew.
type watched struct {
	io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	silence time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.timer.Reset(w.silence)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = why(w.ctx, err)
	}
	return n, err
}

func (w *watched) Close() error {
	w.timer.Stop()
	err := w.ReadCloser.Close()
	w.cancel(nil)
	return err
}
