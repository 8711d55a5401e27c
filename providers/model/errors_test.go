package model

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnswered(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status        int
		code, message string
		want          Kind
	}{
		{401, "", "", BadKey}, {403, "permission_error", "", BadKey}, {400, "", "API key not valid. Please pass a valid API key.", BadKey},
		{404, "", "", UnknownModel}, {400, "model_not_found", "", UnknownModel}, {429, "insufficient_quota", "", NoQuota},
		{429, "", "", RateLimited}, {0, "rate_limit_error", "", RateLimited}, {529, "overloaded_error", "", Overloaded}, {500, "", "", Overloaded},
		{0, "overloaded_error", "", Overloaded}, {413, "", "", Overflow}, {400, "", "prompt is too long: 3 tokens > 2 maximum", Overflow},
		{400, "exceed_context_size_error", "the request exceeds the available context size", Overflow}, {500, "", "context length exceeded", Overflow},
		{400, "", "the tool is internal", Invalid}, {400, "content_filter", "", Refused}, {402, "", "", NoQuota},
	} {
		if got := (Endpoint{}).Answered(tc.status, tc.code, tc.message, nil); got.Kind != tc.want {
			t.Errorf("%d %q %q: %s, want %s", tc.status, tc.code, tc.message, got.Kind, tc.want)
		}
	}
}

// TestHide: no credential is left in an error, and an error is one line.
func TestHide(t *testing.T) {
	t.Parallel()
	e := Endpoint{Key: "CANARY-key-1", Headers: map[string]string{"Authorization": "Bearer CANARY-2-long", "X": "blue"}}
	err := e.Answered(400, "", "CANARY-key-1\nCANARY-2-long \x00 blue "+strings.Repeat("x", 5000), nil)
	if text := err.Error(); strings.Contains(text, "CANARY") || strings.Contains(text, "\n") || !strings.Contains(text, "blue") || len(text) > 700 {
		t.Errorf("%q", text)
	}
	if text := e.Failed(t.Context(), errors.New("dial CANARY-key-1"), false).Error(); strings.Contains(text, "CANARY") {
		t.Errorf("%q", text)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "1.5": 1500 * time.Millisecond, "-3": 0, "soon": 0, "1e300": 0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {v}}, now); got != want {
			t.Errorf("%q: %s, want %s", v, got, want)
		}
	}
	if got := RetryAfter(http.Header{"Retry-After-Ms": {"250"}}, now); got != 250*time.Millisecond {
		t.Errorf("milliseconds: %s", got)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	read := func(body string) (all []string, err error) {
		err = Events(strings.NewReader(body), func(b []byte) error { all = append(all, string(b)); return nil })
		return all, err
	}
	for body, want := range map[string]string{
		"data: a\n\ndata:b\r\n\r\n": "a|b", ": comment\nevent: x\ndata: 1\ndata: 2\n\n": "1\n2", "\n\ndata: last": "last", "": "",
		"data: " + strings.Repeat("y", 40_000) + "\n\n": strings.Repeat("y", 40_000),
	} {
		got, err := read(body)
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%.40q: %.60q, %v", body, got, err)
		}
	}
	if _, err := read("data: " + strings.Repeat("z", maxEvent+10)); err == nil {
		t.Error("an endless event is read")
	}
}
