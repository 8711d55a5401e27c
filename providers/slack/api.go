package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

// maxAnswer bounds what one answer may take of memory, in bytes.
const maxAnswer = 32 << 20

// api makes single calls of the Web API. It is safe for concurrent use.
type api struct {
	base    string // without a slash at its end
	tokens  tokens
	rt      http.RoundTripper
	secrets *strings.Replacer
}

func newAPI(base string, t tokens, rt http.RoundTripper) *api {
	return &api{base: base, tokens: t, rt: rt, secrets: t.redactor()}
}

// client is the library's client over one exchange.
func (a *api) client(x *providers.Exchange) *sdk.Client {
	return sdk.New(a.tokens.bot, sdk.OptionAPIURL(a.base+"/api/"), sdk.OptionHTTPClient(x.Client()),
		sdk.OptionAppLevelToken(a.tokens.app), sdk.OptionLog(log.New(io.Discard, "", 0)))
}

// call makes one call of a method. The error is nil or an *apiError.
func (a *api) call(ctx context.Context, timeout time.Duration, method string, do func(context.Context, *sdk.Client) error) error {
	return a.exchange(ctx, timeout, method, true, do)
}

// transfer is call for an address that does not answer in the format of the Web API.
func (a *api) transfer(ctx context.Context, timeout time.Duration, method string, do func(context.Context, *sdk.Client) error) error {
	return a.exchange(ctx, timeout, method, false, do)
}

func (a *api) exchange(ctx context.Context, timeout time.Duration, method string, formatted bool, do func(context.Context, *sdk.Client) error) error {
	bound, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x := &providers.Exchange{Ctx: bound, Base: a.rt, Most: maxAnswer}
	err := do(bound, a.client(x))
	e := a.judge(method, x.Outcome(), formatted, err)
	if e == nil {
		return nil
	}
	if e.cause = ctx.Err(); e.status == 0 && e.cause == nil && bound.Err() != nil {
		e.text = fmt.Sprintf("no answer within %v", timeout)
	}
	return e
}

// judge makes of what was seen on the wire, and of the library's word, an error or nil.
func (a *api) judge(method string, s providers.Outcome, formatted bool, err error) *apiError {
	e := &apiError{method: method, status: s.Status, written: s.Written}
	if s.Status == 0 {
		if err == nil {
			return nil // nothing was asked
		}
		e.text = a.clean(err)
		return e
	}
	if seconds, err := strconv.Atoi(s.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(seconds) * time.Second
	}
	var answer struct {
		OK                      *bool
		Error, Needed, Provided string
	}
	switch readable := json.Unmarshal(s.Body, &answer) == nil && answer.OK != nil; {
	case readable && *answer.OK && err == nil, !formatted && s.Status < 300 && err == nil:
		return nil
	case readable && *answer.OK:
		e.text = "unreadable result: " + a.clean(err)
	case readable:
		e.code, e.needed = answer.Error, answer.Needed
		e.text = a.secrets.Replace(answer.Error)
		if e.needed != "" {
			e.text += " " + a.secrets.Replace(e.needed)
		}
	case !formatted && s.Status < 500:
		e.code = a.secrets.Replace(strings.TrimSpace(string(s.Body[:min(len(s.Body), 100)])))
		e.text = fmt.Sprintf("HTTP %d %s", s.Status, e.code)
	default:
		e.text = fmt.Sprintf("HTTP %d without an answer of the Web API", s.Status)
	}
	return e
}

var ticket = regexp.MustCompile(`(ticket=)[^&\s"]+`)

// clean is the text of an error without what must not be told: tokens, the ticket in a socket's address, the URL that net/http
// puts in front.
func (a *api) clean(err error) string {
	if err == nil {
		return "no answer"
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return ticket.ReplaceAllString(a.secrets.Replace(err.Error()), "${1}[redacted]")
}

// apiError is a call that did not succeed. It holds no credential, and it wraps nothing that could.
type apiError struct {
	method     string
	status     int    // HTTP; 0 = no answer came
	code       string // the platform's own word, "" without one
	needed     string // the scope that is missing
	text       string // redacted
	written    bool   // the request may have reached the platform
	retryAfter time.Duration
	cause      error // the caller's context error, or nil
}

func (e *apiError) Error() string { return "slack " + e.method + ": " + e.text }
func (e *apiError) Unwrap() error { return e.cause }

// refused: the platform does not take the token.
func (e *apiError) refused() bool {
	switch e.code {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type", "org_login_required", "team_access_not_granted", "user_removed_from_team":
		return true
	}
	return false
}

func (e *apiError) limited() bool {
	return e.status == http.StatusTooManyRequests || e.code == "ratelimited" || e.code == "rate_limited"
}

// unsure: the platform says that something went wrong on its side and that part of the call may have been done.
func (e *apiError) unsure() bool { return e.code == "fatal_error" || e.code == "internal_error" }

func codeOf(err error) string {
	var e *apiError
	if errors.As(err, &e) {
		return e.code
	}
	return ""
}

// refusal turns the platform's word that a token is no good into an error for the person who can mend it; it is nil for any
// other error.
func (p *Provider) refusal(err error) error {
	var e *apiError
	if !errors.As(err, &e) {
		return nil
	}
	what, place, page := "bot", p.tokens.botPlace, `"OAuth & Permissions"`
	if e.method == "apps.connections.open" {
		what, place, page = "app-level", p.tokens.appPlace, `"Basic Information", "App-Level Tokens"`
	}
	switch {
	case e.method == "apps.connections.open" && (e.code == "missing_scope" || e.code == "access_denied"):
		return fmt.Errorf("slack refuses the app-level token (%s): make one with the scope connections:write (api.slack.com/apps, %s) and put it into %s", e.code, page, place)
	case e.method == "apps.connections.open" && (e.code == "forbidden_team" || e.code == "socket_mode_disabled" || e.status == http.StatusNotFound):
		return errSwitchedOff
	case !e.refused():
		return nil
	case e.code == "account_inactive" || e.code == "token_revoked" || e.code == "user_removed_from_team":
		return fmt.Errorf("slack refuses the %s token (%s): the app was removed or the token revoked; install the app again (api.slack.com/apps, %s) and put the new token into %s", what, e.code, page, place)
	}
	return fmt.Errorf("slack refuses the %s token (%s): copy it anew from api.slack.com/apps, %s, and put it into %s", what, e.code, page, place)
}

var errSwitchedOff = errors.New(`slack does not let this app connect: switch on "Socket Mode" at api.slack.com/apps, then restart the account`)
