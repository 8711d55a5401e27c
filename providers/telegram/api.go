package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	tele "gopkg.in/telebot.v3"

	"github.com/clawdbot/gateway/providers"
)

// maxAnswer bounds what one answer may take of memory, in bytes. A full batch of updates is far smaller.
const maxAnswer = 32 << 20

// api makes single calls of the Bot API. It is safe for concurrent use.
type api struct {
	base, token string
	rt          http.RoundTripper
	secrets     *strings.Replacer
}

// newAPI makes the client for one token. Neither it nor what else is named secret gets into an error.
func newAPI(base, token string, rt http.RoundTripper, more ...string) *api {
	pairs := []string{token, "[redacted]", url.PathEscape(token), "[redacted]"}
	if _, secret, ok := strings.Cut(token, ":"); ok && len(secret) >= 8 {
		pairs = append(pairs, secret, "[redacted]")
	}
	for _, secret := range more {
		if len(secret) >= 8 { // a shorter one would blot out words
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	return &api{base: base, token: token, rt: rt, secrets: strings.NewReplacer(pairs...)}
}

// call makes one call with JSON parameters and decodes its result into result, unless that is nil.
// The error is nil or an *apiError.
func (a *api) call(ctx context.Context, timeout time.Duration, method string, params, result any) error {
	return a.exchange(ctx, timeout, method, result, func(x *providers.Exchange) (err error) {
		// telebot asserts the types of an error's parameters. What it made of the answer does not matter here:
		// the exchange kept the bytes.
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("unreadable answer: %v", r)
			}
		}()
		bot, err := tele.NewBot(tele.Settings{
			URL: a.base, Token: a.token, Offline: true, Updates: 1,
			Client:  x.Client(),
			OnError: func(error, tele.Context) {},
		})
		if err != nil {
			return err
		}
		_, err = bot.Raw(method, params)
		return err
	})
}

// file is an attachment to upload.
type file struct {
	field, name string
	size        int64
	body        io.Reader
}

// upload makes one call with form parameters and a file.
func (a *api) upload(ctx context.Context, timeout time.Duration, method string, params map[string]string, f file, result any) error {
	return a.exchange(ctx, timeout, method, result, func(x *providers.Exchange) error {
		var head bytes.Buffer
		form := multipart.NewWriter(&head)
		for k, v := range params {
			if err := form.WriteField(k, v); err != nil {
				return err
			}
		}
		if _, err := form.CreateFormFile(f.field, f.name); err != nil {
			return err
		}
		n := head.Len()
		if err := form.Close(); err != nil {
			return err
		}
		body := io.MultiReader(bytes.NewReader(head.Bytes()[:n]), f.body, bytes.NewReader(head.Bytes()[n:]))
		req, err := http.NewRequest(http.MethodPost, a.base+"/bot"+a.token+"/"+method, body)
		if err != nil {
			return err
		}
		req.ContentLength = int64(head.Len()) + f.size
		req.Header.Set("Content-Type", form.FormDataContentType())
		resp, err := x.Client().Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}

// exchange runs do over one request bound to ctx and timeout, and judges by what was seen on the wire.
func (a *api) exchange(ctx context.Context, timeout time.Duration, method string, result any, do func(*providers.Exchange) error) error {
	bound, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	x := &providers.Exchange{Ctx: bound, Base: a.rt, Most: maxAnswer}
	err := do(x)
	o := x.Outcome()
	e := &apiError{method: method, written: o.Written}
	if o.Status == 0 {
		e.cause = ctx.Err()
		e.text = a.secrets.Replace(transportText(err))
		if ctx.Err() == nil && bound.Err() != nil {
			e.text = fmt.Sprintf("no answer within %v", timeout)
		}
		return e
	}
	var env envelope
	e.code = o.Status
	if json.Unmarshal(o.Body, &env) != nil || env.OK == nil {
		e.text = fmt.Sprintf("HTTP %d without a Bot API answer", o.Status)
		return e
	}
	if *env.OK {
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(env.Result, result); err != nil {
			e.text = "unreadable result: " + a.secrets.Replace(err.Error())
			return e
		}
		return nil
	}
	e.answered = true
	if env.Code != 0 {
		e.code = env.Code
	}
	e.text = a.secrets.Replace(env.Description)
	e.retryAfter = time.Duration(env.Parameters.RetryAfter * float64(time.Second))
	e.migrated = env.Parameters.MigrateTo
	return e
}

// envelope is the frame of every answer of the Bot API.
type envelope struct {
	OK          *bool           `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter float64 `json:"retry_after"` // seconds
		MigrateTo  int64   `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// transportText is err without the method and URL that net/http puts in front: they hold the token.
func transportText(err error) string {
	if err == nil {
		return "no answer"
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}

// apiError is a call that did not succeed. It holds no credential, and it wraps nothing that could.
type apiError struct {
	method     string
	code       int    // the platform's error code or the HTTP status; 0 = no answer came
	text       string // redacted
	answered   bool   // the platform itself said so, in its own format
	written    bool   // the request may have reached the platform
	retryAfter time.Duration
	migrated   int64 // the group's new chat id
	cause      error // the caller's context error, or nil
}

func (e *apiError) Error() string {
	if e.answered {
		return fmt.Sprintf("telegram %s: %s (%d)", e.method, e.text, e.code)
	}
	return fmt.Sprintf("telegram %s: %s", e.method, e.text)
}

func (e *apiError) Unwrap() error { return e.cause }

// badToken: 401 is a revoked or unknown token, a bare 404 one that is none at all. Only the platform's own word
// counts, not the error page of something in between.
func (e *apiError) badToken() bool {
	return e.answered && (e.code == http.StatusUnauthorized || e.code == http.StatusNotFound && e.text == "Not Found")
}
