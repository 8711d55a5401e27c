package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// maxAnswer bounds what one answer may take of memory.
const maxAnswer = 16 << 20

// api makes the REST calls of one bot.
type api struct {
	base   *url.URL // what replaces https://discord.com
	token  string
	client http.RoundTripper
	// globalUntil is when the platform's limit for the whole bot ends, in Unix nanoseconds. Who goes on asking before
	// is locked out.
	globalUntil atomic.Int64
}

// apiError is a call that failed. Its text holds no credential: Discord has the token in a header, and addresses of
// interactions, which hold one of their own, are left out.
type apiError struct {
	what       string
	status     int // 0 = no answer
	code       int // Discord's own number, 0 = none: somebody in between answered
	text       string
	retryAfter time.Duration
	written    bool // the request may have reached the platform
	cause      error
}

func (e *apiError) Error() string {
	switch {
	case e.status == 0:
		return fmt.Sprintf("discord %s: %v", e.what, e.cause)
	case e.code != 0:
		return fmt.Sprintf("discord %s: %d %s (code %d)", e.what, e.status, e.text, e.code)
	default:
		return fmt.Sprintf("discord %s: %d %s", e.what, e.status, e.text)
	}
}

func (e *apiError) Unwrap() error { return e.cause }

// call runs one request of the library. do makes one, or some that only read. what names it in errors.
func (a *api) call(ctx context.Context, timeout time.Duration, what string, do func(s *discordgo.Session) error) error {
	if wait := time.Until(time.Unix(0, a.globalUntil.Load())); wait > 0 {
		return &apiError{what: what, status: http.StatusTooManyRequests, text: "the whole bot is limited", retryAfter: wait}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x := &exchange{Exchange: providers.Exchange{Ctx: ctx, Base: a.client, Most: maxAnswer, Several: true}, api: a}
	s, err := discordgo.New("Bot " + a.token)
	if err != nil {
		return &apiError{what: what, cause: err}
	}
	s.Client = x.httpClient()
	s.MaxRestRetries, s.ShouldRetryOnRateLimit, s.StateEnabled = 0, false, false
	if err := do(s); err != nil {
		return a.explain(x, what, err)
	}
	return nil
}

// explain makes an apiError of what the library says and of what was seen on the wire.
func (a *api) explain(x *exchange, what string, err error) *apiError {
	o := x.Outcome()
	e := &apiError{what: what, status: o.Status, written: o.Written}
	if o.Status == 0 {
		var u *url.Error
		if errors.As(err, &u) { // its text has the address
			err = u.Err
		}
		e.cause = err
		return e
	}
	var answer struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		After   float64         `json:"retry_after"`
		Global  bool            `json:"global"`
		Errors  json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(o.Body, &answer) != nil {
		answer.Message = http.StatusText(o.Status)
	}
	e.code, e.text = answer.Code, oneLine(answer.Message, 200)
	if len(answer.Errors) > 0 && len(answer.Errors) < 500 {
		e.text += " " + string(answer.Errors)
	}
	if o.Status == http.StatusTooManyRequests {
		e.retryAfter = time.Duration(answer.After * float64(time.Second))
		if s, err := strconv.ParseFloat(o.Header.Get("Retry-After"), 64); err == nil && e.retryAfter == 0 {
			e.retryAfter = time.Duration(s * float64(time.Second))
		}
		if answer.Global || o.Header.Get("X-RateLimit-Global") != "" {
			a.globalUntil.Store(time.Now().Add(e.retryAfter).UnixNano())
		}
	}
	if o.Status < 300 {
		e.cause = err
		e.text = "an answer that cannot be read: " + oneLine(err.Error(), 200)
	}
	return e
}

// exchange leads one call to the right server.
type exchange struct {
	providers.Exchange
	api *api
}

func (x *exchange) httpClient() *http.Client {
	return &http.Client{Transport: x, CheckRedirect: providers.NoRedirect}
}

// RoundTrip implements http.RoundTripper.
func (x *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	// The library speaks of version 9; all that is asked for here is the same in 10.
	req.URL.Path = strings.Replace(req.URL.Path, "/api/v9/", "/api/v10/", 1)
	req.URL.Scheme, req.URL.Host, req.Host = x.api.base.Scheme, x.api.base.Host, x.api.base.Host
	resp, err := x.Exchange.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	// The library would keep books of the limits, for a Session that is gone after this call.
	resp.Header = http.Header{"Content-Type": resp.Header["Content-Type"]}
	return resp, nil
}

// request makes a call that the library has no method for, or none with these fields. out may be nil.
func (a *api) request(ctx context.Context, timeout time.Duration, what, method, address string, body, out any) error {
	return a.call(ctx, timeout, what, func(s *discordgo.Session) error {
		b, err := s.Request(method, address, body)
		if err != nil || out == nil {
			return err
		}
		return json.Unmarshal(b, out)
	})
}

// status is the platform's code for a failed call, 0 when it did not answer.
func status(err error) int {
	var e *apiError
	if errors.As(err, &e) {
		return e.status
	}
	return 0
}
