package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	protobuf   = "application/x-protobuf"
	maxAnswer  = 64 << 10
	sendLimit  = 10 * time.Second // of one request, as the specification has it
	maxMessage = 300              // bytes of what a collector says
)

// Target is a collector, and who sends to it.
type Target struct {
	URL     string // of its traces, in full
	Headers map[string]string
	Service string
	Version string
}

// Answer is what a collector says that has taken what it was sent.
type Answer struct {
	Rejected int64  // spans that it has not taken after all
	Message  string // why, or what it warns of
}

// Error is why spans were not taken.
type Error struct {
	Status     int           // of the answer; 0 = there was none
	Temporary  bool          // the same may be sent again
	RetryAfter time.Duration // not before; 0 = it does not say
	Text       string        // what is wrong, and what to do. No header is in it, nor what stands behind a ? in the address
}

func (e *Error) Error() string { return e.Text }

// Sender makes the requests. Close must follow.
type Sender struct{ http http.Client }

// NewSender makes one over a transport; nil = one of its own, with the proxy that the environment names.
func NewSender(over http.RoundTripper) *Sender {
	if over == nil {
		t, _ := http.DefaultTransport.(*http.Transport)
		t = t.Clone()
		t.MaxIdleConns = 1
		over = t
	}
	return &Sender{http.Client{
		Transport: over, Timeout: sendLimit,
		// Elsewhere is not where the headers are for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets go of the connections that are kept.
func (s *Sender) Close() { s.http.CloseIdleConnections() }

// Send makes one request. Its error is an *Error, or the cause of a ctx that has ended.
func (s *Sender) Send(ctx context.Context, to Target, spans []Encoded) (Answer, error) {
	body, err := pack(to, spans)
	if err != nil {
		return Answer{}, &Error{Text: "the spans cannot be encoded: " + err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &Error{Text: "the address of the collector cannot be used: " + bare(err).Error()}
	}
	for name, value := range to.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", protobuf)
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "clawdbot/"+to.Version)
	resp, err := s.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return Answer{}, context.Cause(ctx)
		}
		return Answer{}, &Error{Temporary: true, Text: fmt.Sprintf("no answer from %s: %v. Does the collector run there? diagnostics.otel.endpoint is its address", shown(to.URL), bare(err))}
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case resp.StatusCode/100 != 2:
		return Answer{}, refused(to, resp)
	case ctx.Err() != nil:
		return Answer{}, context.Cause(ctx)
	case err != nil:
		return Answer{}, &Error{Temporary: true, Text: fmt.Sprintf("the answer of %s broke off: %v", shown(to.URL), bare(err))}
	}
	return read(to, resp.Header.Get("Content-Type"), said)
}

// The fields of a request's parts, from without to within, and those of an answer.
const (
	requestResourceSpans                       = 1
	resourceSpansResource, resourceSpansScoped = 1, 2
	resourceAttributes                         = 1
	scopedScope, scopedSpans                   = 1, 2
	scopeName, scopeVersion                    = 1, 2
	responsePartial                            = 1
	partialRejected, partialMessage            = 1, 2
)

// pack makes the body of a request.
func pack(to Target, spans []Encoded) ([]byte, error) {
	scoped := message(nil).bytes(scopedScope, message(nil).text(scopeName, "clawdbot").text(scopeVersion, to.Version))
	for _, s := range spans {
		scoped = scoped.bytes(scopedSpans, s.span)
	}
	resource := message(nil).attributes(resourceAttributes, []Attr{String("service.name", to.Service), String("service.version", to.Version)})
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(message(nil).bytes(requestResourceSpans, message(nil).bytes(resourceSpansResource, resource).bytes(resourceSpansScoped, scoped)))
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

// read reads the answer of a collector that has taken the spans. What answers everything with a page of its own is none.
func read(to Target, contentType string, said []byte) (Answer, error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	var a Answer
	switch {
	case len(said) == 0, kind == "application/json":
		return Answer{}, nil
	case len(said) > maxAnswer, kind != protobuf && kind != "", a.read(said) != nil:
		return Answer{}, &Error{Status: http.StatusOK, Text: fmt.Sprintf("what answers at %s is no collector of OTLP (Content-Type %q): see diagnostics.otel.endpoint", shown(to.URL), clip(contentType))}
	}
	return Answer{Rejected: max(0, a.Rejected), Message: clip(a.Message)}, nil
}

// read takes what an answer in protobuf says.
func (a *Answer) read(said message) error {
	return said.each(func(field, _ uint64, partial message) error {
		if field != responsePartial {
			return nil
		}
		return partial.each(func(field, number uint64, text message) error {
			switch field {
			case partialRejected:
				a.Rejected = int64(number)
			case partialMessage:
				a.Message = string(text)
			}
			return nil
		})
	})
}

// refused says what an answer that is no yes means.
func refused(to Target, resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	at, what := shown(to.URL), strconv.Itoa(resp.StatusCode)+" "+http.StatusText(resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Temporary = true
		e.Text = fmt.Sprintf("%s answers %s: it is asked again", at, what)
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Text = fmt.Sprintf("%s answers %s: put the credential that it wants into diagnostics.otel.headers", at, what)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Text = fmt.Sprintf("%s answers %s: diagnostics.otel.endpoint is the address of the collector for OTLP over HTTP, most often on port 4318; /v1/traces is added to it", at, what)
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		e.Text = fmt.Sprintf("%s answers %s: it does not take traces as OTLP in protobuf. See the collector's own log, and diagnostics.otel.endpoint", at, what)
	default:
		e.Text = fmt.Sprintf("%s answers %s: see the collector's own log, and diagnostics.otel.endpoint", at, what)
	}
	if resp.StatusCode/100 == 3 {
		e.Text = fmt.Sprintf("%s answers %s, which would lead to %s: put the address that counts into diagnostics.otel.endpoint", at, what, shown(resp.Header.Get("Location")))
	}
	return e
}

// retryAfter is what the header says, in seconds or as a time; 0 = nothing.
func retryAfter(h string) time.Duration {
	if n, err := strconv.ParseInt(strings.TrimSpace(h), 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	if at, err := http.ParseTime(h); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// bare is an error of net/http without the address: its query may hold a key.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// shown is an address without what may be a secret in it.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the collector"
	}
	return clip((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())
}

// clip makes what somebody else says one short line.
func clip(s string) string {
	if len(s) > maxMessage {
		s = s[:maxMessage]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
}
