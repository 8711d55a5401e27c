package signal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// maxAnswer bounds what one answer may take of memory, in bytes; attachments have a limit of their own.
const maxAnswer = 16 << 20

// api makes single calls to the daemon. Safe for concurrent use.
type api struct {
	base    *url.URL
	client  *http.Client
	account string // goes with every call: a daemon may have several
	secrets *strings.Replacer
	id      atomic.Int64
}

func newAPI(base *url.URL, rt http.RoundTripper, account string) *api {
	var pairs []string
	if pw, ok := base.User.Password(); ok && pw != "" {
		pairs = append(pairs, pw, "[redacted]", url.QueryEscape(pw), "[redacted]", url.PathEscape(pw), "[redacted]")
	}
	return &api{base: base, account: account, secrets: strings.NewReplacer(pairs...), client: &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// callError is a call that did not succeed. It holds no credential.
type callError struct {
	what    string // the method, or the path
	status  int    // of HTTP; 0 = no answer came
	code    int    // of JSON-RPC; 0 = none
	text    string
	data    json.RawMessage // of the JSON-RPC error
	retry   time.Duration   // what the answer asks to wait
	written bool            // the request may have reached the daemon
	cause   error           // the caller's context error, or nil
}

func (e *callError) Error() string {
	switch {
	case e.code != 0:
		return fmt.Sprintf("signal-cli %s: %s (%d)", e.what, e.text, e.code)
	case e.status != 0:
		return fmt.Sprintf("signal-cli %s: HTTP %d: %s", e.what, e.status, e.text)
	}
	return fmt.Sprintf("signal-cli %s: %s", e.what, e.text)
}

func (e *callError) Unwrap() error { return e.cause }

// refused: something in front of the daemon wants another password.
func (e *callError) refused() bool {
	return e.status == http.StatusUnauthorized || e.status == http.StatusForbidden
}

// request makes a request that remembers whether it was written.
func (a *api) request(ctx context.Context, method, path string, body io.Reader, unsent *atomic.Bool) (*http.Request, error) {
	if ctx.Err() != nil {
		unsent.Store(true)
	}
	// A transport that reports nothing leaves unsent false: then the worst is assumed.
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { unsent.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { unsent.Store(false) },
		WroteRequest: func(i httptrace.WroteRequestInfo) { unsent.Store(i.Err != nil) },
	}
	u := *a.base
	at, query, _ := strings.Cut(path, "?")
	u.Path, u.RawQuery = strings.TrimRight(u.Path, "/")+at, query
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), method, u.String(), body)
	if err != nil {
		return nil, errors.New("the address of the daemon cannot be used")
	}
	return req, nil
}

// check asks whether the daemon is there.
func (a *api) check(ctx context.Context, limit time.Duration) error {
	bound, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var unsent atomic.Bool
	req, err := a.request(bound, http.MethodGet, "/api/v1/check", nil, &unsent)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return a.failure(ctx, bound, "check", limit, err, &unsent)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return a.refusal("check", resp)
	}
	return nil
}

// failure is a call without an answer.
func (a *api) failure(ctx, bound context.Context, what string, limit time.Duration, err error, unsent *atomic.Bool) *callError {
	e := &callError{what: what, written: !unsent.Load(), cause: ctx.Err()}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address
	}
	e.text = a.secrets.Replace(err.Error())
	if ctx.Err() == nil && bound.Err() != nil {
		e.text = fmt.Sprintf("no answer within %v", limit)
	}
	return e
}

// refusal is an answer that HTTP itself marks as an error.
func (a *api) refusal(what string, resp *http.Response) *callError {
	head, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // whatever is there explains the status a little
	e := &callError{what: what, status: resp.StatusCode, text: providers.OneLine(a.secrets.Replace(string(head))), written: true}
	if e.text == "" {
		e.text = http.StatusText(resp.StatusCode)
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.retry = time.Duration(s) * time.Second
	}
	return e
}

// call makes one call and decodes its result into result, unless that is nil or the daemon has none. limit is for the
// whole call, size for its answer in bytes. The error is nil or a *callError.
func (a *api) call(ctx context.Context, limit time.Duration, size int64, method string, params map[string]any, result any) error {
	if a.account != "" && method != "listAccounts" && method != "version" {
		params["account"] = a.account
	}
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "method": method, "params": params, "id": strconv.FormatInt(a.id.Add(1), 10),
	})
	if err != nil {
		return &callError{what: method, text: err.Error()}
	}
	bound, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var unsent atomic.Bool
	req, err := a.request(bound, http.MethodPost, "/api/v1/rpc", bytes.NewReader(body), &unsent)
	if err != nil {
		return &callError{what: method, text: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return a.failure(ctx, bound, method, limit, err, &unsent)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusCreated {
		return nil // done, and nothing to say
	}
	if resp.StatusCode/100 != 2 {
		return a.refusal(method, resp)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, size+1))
	if err != nil {
		return a.failure(ctx, bound, method, limit, err, &unsent)
	}
	if int64(len(raw)) > size {
		return &callError{what: method, written: true, text: "the answer is too large"}
	}
	return a.decode(method, raw, result)
}

// decode reads a JSON-RPC answer.
func (a *api) decode(method string, raw []byte, result any) error {
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Code    int             `json:"code"`
			Message string          `json:"message"`
			Data    json.RawMessage `json:"data"`
		} `json:"error"`
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return &callError{what: method, written: true, text: "the answer is empty"}
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return &callError{what: method, written: true, text: "the answer is no JSON-RPC: is this signal-cli?"}
	}
	if e := answer.Error; e != nil {
		code := e.Code
		if code == 0 {
			code = codeInternal
		}
		return &callError{what: method, written: true, status: http.StatusOK, code: code, text: providers.OneLine(a.secrets.Replace(e.Message)), data: e.Data}
	}
	if result == nil || len(answer.Result) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return &callError{what: method, written: true, text: "the result cannot be read: " + err.Error()}
	}
	return nil
}

// Codes of JSON-RPC, and the daemon's own (negative, one digit).
const (
	codeUser        = -1
	codeIO          = -3
	codeUntrusted   = -4
	codeRateLimit   = -5
	codeCaptcha     = -6
	codeNoMethod    = -32601
	codeParams      = -32602
	codeInternal    = -32603
	codeProtocolMin = -32700
)
