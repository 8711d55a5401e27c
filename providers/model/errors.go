package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Kind is what an error means to whoever asked.
type Kind string

// Kinds of errors.
const (
	BadKey       Kind = "bad key"       // missing, wrong or expired, or not for this
	NoQuota      Kind = "no quota"      // the account has nothing left; waiting does not help
	UnknownModel Kind = "unknown model" // or one that the key may not use
	RateLimited  Kind = "rate limited"
	Overloaded   Kind = "overloaded"   // or another passing trouble at the vendor
	Overflow     Kind = "too long"     // the conversation does not fit into the model's context window
	Refused      Kind = "refused"      // the vendor or the model declines to answer this
	Unreachable  Kind = "unreachable"  // nobody answers at the address
	Disconnected Kind = "disconnected" // in the middle of an answer, or silence in it
	Malformed    Kind = "malformed"    // not in the format that the endpoint should speak
	Invalid      Kind = "invalid"      // the request is wrong in another way
	Down         Kind = "down"         // not asked: it or its provider has failed again and again, and RetryAfter is not over
)

// Error is why there is no answer, or not a whole one.
type Error struct {
	Kind       Kind
	Status     int           // of HTTP; 0 = there was none
	RetryAfter time.Duration // what the vendor asked for; 0 = nothing
	Message    string        // of the vendor, one line without credentials
}

func (e *Error) Error() string {
	text := string(e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Temporary tells whether the same request may work a little later.
func (e *Error) Temporary() bool {
	switch e.Kind {
	case RateLimited, Overloaded, Unreachable, Disconnected, Malformed:
		return true
	}
	return false
}

// KindOf is the kind of an error, "" if it is not an *Error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// maxMessage is how much of what a vendor says is kept, in bytes.
const maxMessage = 600

// OneLine makes a text fit for a log: one line, printable, not long.
func OneLine(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// Answered makes the error of an HTTP answer that is none of 2xx, or of an error that came as one of the stream's events
// (status 0). code is the vendor's word for it.
func (e Endpoint) Answered(status int, code, message string, header http.Header) *Error {
	return &Error{Kind: kindOf(status, strings.ToLower(code), strings.ToLower(message)), Status: status,
		RetryAfter: RetryAfter(header, time.Now()), Message: OneLine(e.Hide(message))}
}

// tooLong are the words in which servers say that a conversation is too long. They agree on no code.
var tooLong = []string{
	"prompt is too long", "context_length_exceeded", "maximum context length", "context length", "context window", "context size",
	"exceeds the maximum number of tokens", "input is too long", "too many tokens", "request_too_large",
}

// passing are the vendors' codes for trouble of their own, lower case.
var passing = []string{
	"overloaded", "overloaded_error", "server_error", "api_error", "timeout_error", "unavailable", "internal", "internal_error", "deadline_exceeded",
}

func kindOf(status int, code, message string) Kind {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(code, w) || strings.Contains(message, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("insufficient_quota", "billing_error", "credit balance", "insufficient credits") || status == http.StatusPaymentRequired:
		return NoQuota
	case has("api key not valid", "invalid_api_key", "authentication_error") || status == http.StatusUnauthorized:
		return BadKey
	case has("model_not_found") || status == http.StatusNotFound:
		return UnknownModel
	case status == http.StatusForbidden || has("permission_error"):
		return BadKey
	case has("rate_limit", "resource_exhausted") || status == http.StatusTooManyRequests:
		return RateLimited
	case status == http.StatusRequestEntityTooLarge || (status == 0 || status == http.StatusBadRequest || status == http.StatusInternalServerError) && has(tooLong...):
		return Overflow
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict || slices.Contains(passing, code):
		return Overloaded
	case has("content_policy", "content_filter", "safety"):
		return Refused
	}
	return Invalid
}

// RetryAfter reads how long a server wants to be left alone; 0 = it does not say.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// Failed makes the error of a request that did not end with a whole answer: begun tells whether the answer had begun. It is ctx's
// cause where ctx has ended, and otherwise an *Error.
func (e Endpoint) Failed(ctx context.Context, err error, begun bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	if _, kind := errors.AsType[*json.UnmarshalTypeError](err); syntax || kind {
		return e.Garbled(err)
	}
	kind := Unreachable
	if begun {
		kind = Disconnected
	}
	return &Error{Kind: kind, Message: OneLine(e.Hide(err.Error()))}
}

// Garbled makes the error of something that is not in the format.
func (e Endpoint) Garbled(err error) *Error {
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok { // it would name our types
		where := strings.Trim(kind.Field, ".")
		if where == "" {
			where = "the top"
		}
		err = fmt.Errorf("unexpected %s at %s", kind.Value, where)
	}
	return &Error{Kind: Malformed, Message: OneLine(e.Hide(err.Error()))}
}
