package signal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// sent is the daemon's word on a message that went out.
type sent struct {
	Timestamp int64    `json:"timestamp"`
	Results   []result `json:"results"`
}

// result is what became of it for one recipient.
type result struct {
	Type       string  `json:"type"` // "SUCCESS", or what went wrong
	RetryAfter float64 `json:"retryAfterSeconds"`
}

// Send implements providers.Provider.
func (p *Provider) Send(ctx context.Context, m providers.Outgoing) (providers.Receipt, error) {
	params, err := target(m.Route.Chat)
	if err != nil {
		return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: err}
	}
	params["message"] = m.Text
	if m.Media != nil {
		path, err := filepath.Abs(m.Media.Path)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: fmt.Errorf("attachment: %w", err)}
		}
		params["attachments"] = []string{path}
	}
	var s sent
	if err := p.api.call(ctx, p.opt.send, maxAnswer, "send", params, &s); err != nil {
		return providers.Receipt{}, sendError(err)
	}
	if err := verdict(s.Results); err != nil {
		return providers.Receipt{}, err
	}
	r := providers.Receipt{MessageID: providers.UnknownID, ChatID: m.Route.Chat} // HTTP 201 has no result
	if s.Timestamp != 0 {
		r.MessageID = strconv.FormatInt(s.Timestamp, 10)
		p.sent.add(s.Timestamp)
	}
	return r, nil
}

// verdict is nil when the message went to somebody: in a group it is never sent again for the sake of one member.
func verdict(results []result) error {
	for _, r := range results {
		if r.Type == "SUCCESS" {
			return nil
		}
	}
	if len(results) == 0 {
		return nil
	}
	return ofResult(results[0], "")
}

// ofResult classifies a recipient's failure.
func ofResult(r result, text string) *providers.SendError {
	if text == "" {
		text = strings.ToLower(strings.ReplaceAll(r.Type, "_", " "))
	}
	s := &providers.SendError{Class: providers.Permanent, Err: errors.New("signal-cli send: " + text)}
	switch r.Type {
	case "NETWORK_FAILURE":
		s.Class = providers.Ambiguous
		s.Err = fmt.Errorf("it may or may not have arrived: %w", s.Err)
	case "RATE_LIMIT_FAILURE":
		s.Class, s.RetryAfter = providers.Transient, time.Duration(r.RetryAfter*float64(time.Second))
	case "PROOF_REQUIRED_FAILURE":
		s.Err = fmt.Errorf("%w: Signal wants a captcha solved first, see `signal-cli submitRateLimitChallenge --help`", s.Err)
	case "IDENTITY_FAILURE":
		s.Err = fmt.Errorf("%w: %s", s.Err, trustHint)
	case "UNREGISTERED_FAILURE":
		s.Err = fmt.Errorf("%w: this number has no Signal account", s.Err)
	}
	return s
}

const trustHint = "the person's safety number has changed; if that is in order, run `signal-cli trust -a <number>`"

// offline matches what signal-cli says when it could not even reach Signal: the message has not left.
var offline = regexp.MustCompile(`(?i)unknown ?host|unable to resolve|failed to connect|no route to host|network is unreachable|connection refused|not connected`)

// sendError classifies a failed send for the outbox.
func sendError(err error) *providers.SendError {
	s := &providers.SendError{Class: providers.Permanent, Err: err}
	var e *callError
	if !errors.As(err, &e) {
		return s
	}
	switch {
	case e.code != 0:
		return rpcError(e)
	case e.status == 0 && !e.written:
		s.Class = providers.Transient
	case e.status == 0:
		s.Class = providers.Ambiguous
		s.Err = fmt.Errorf("it may or may not have arrived: %w", err)
	case e.refused():
		s.Class = providers.Unauthorized
	case e.status == http.StatusTooManyRequests:
		s.Class, s.RetryAfter = providers.Transient, e.retry
	case e.status >= 500:
		s.Class, s.RetryAfter = providers.Transient, e.retry
	case e.status < 400:
		s.Class = providers.Ambiguous
	}
	return s
}

// rpcError classifies what the daemon itself says.
func rpcError(e *callError) *providers.SendError {
	s := &providers.SendError{Class: providers.Permanent, Err: e}
	var data struct {
		Response sent `json:"response"`
	}
	if json.Unmarshal(e.data, &data) == nil && len(data.Response.Results) > 0 {
		if r := data.Response.Results[0]; r.Type != "" && r.Type != "SUCCESS" {
			return ofResult(r, fmt.Sprintf("%s (%d)", e.text, e.code))
		}
	}
	switch {
	case unlinked.MatchString(e.text), e.code == codeParams && strings.Contains(e.text, "account does not exist"):
		s.Class = providers.Unauthorized
	case e.code == codeRateLimit:
		s.Class, s.RetryAfter = providers.Transient, e.retry
	case e.code == codeUntrusted:
		s.Err = fmt.Errorf("%w: %s", e, trustHint)
	case e.code == codeIO && offline.MatchString(e.text):
		s.Class = providers.Transient
	case e.code == codeIO, e.code == codeInternal:
		s.Class = providers.Ambiguous
		s.Err = fmt.Errorf("it may or may not have arrived: %w", e)
	}
	return s
}

// target is the part of the parameters that says where a message goes (providers a.5).
func target(chat string) (map[string]any, error) {
	s := strings.TrimSpace(chat)
	if rest, ok := cut(s, "signal:"); ok {
		s = strings.TrimSpace(rest)
	}
	if id, ok := cut(s, groupPrefix); ok && strings.TrimSpace(id) != "" {
		return map[string]any{"groupId": strings.TrimSpace(id)}, nil
	}
	if name, ok := cut(s, "username:"); ok && strings.TrimSpace(name) != "" {
		return map[string]any{"username": []string{strings.TrimSpace(name)}}, nil
	}
	if name, ok := cut(s, "u:"); ok && name != "" {
		return map[string]any{"username": []string{s}}, nil
	}
	if id := normal(s); isUUID(id) || len(id) > 3 && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("+0123456789 ()-./", r) }) {
		return map[string]any{"recipient": []string{id}}, nil
	}
	return nil, fmt.Errorf("%q is no Signal chat: give a number like +15555550123, group:<id> or username:<name>", chat)
}

// cut is strings.CutPrefix in any case.
func cut(s, prefix string) (rest string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// Typing implements providers.Typer.
func (p *Provider) Typing(ctx context.Context, chat string) error {
	params, err := target(chat)
	if err != nil {
		return err
	}
	if _, ok := params["username"]; ok {
		return nil // the daemon has no such target for it
	}
	return p.api.call(ctx, p.opt.call, maxAnswer, "sendTyping", params, nil)
}
