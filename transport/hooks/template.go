package hooks

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxRendered bounds what one template may become, in bytes: a body can be named in it many times.
const maxRendered = 1 << 20

var errRendered = badCall("the text that a template makes of the body is too long")

// call is what templates and transforms see of a request. The token is in none of it.
type call struct {
	path    string // the whole of it
	sub     string // what is below the hooks
	payload value
	headers map[string]string // lower case; values joined with ", "
	query   url.Values
	now     time.Time
}

func newCall(r *http.Request, sub string, payload value) *call {
	c := &call{path: r.URL.Path, sub: sub, payload: payload, headers: map[string]string{}, query: r.URL.Query(), now: time.Now()}
	for name, values := range r.Header {
		c.headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	delete(c.headers, "authorization")
	delete(c.headers, tokenHeader)
	c.query.Del(tokenParam)
	return c
}

// expand fills in a template: {{path}}, {{now}}, {{headers.x}}, {{query.x}}, {{payload.a.b[0]}} or {{a.b[0]}}. What is
// not there is empty.
func (c *call) expand(template string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{{")
		expr, after, closed := strings.Cut(rest, "}}")
		if !found || !closed {
			b.WriteString(template)
			break
		}
		b.WriteString(before)
		b.WriteString(c.eval(strings.TrimSpace(expr)))
		if b.Len() > maxRendered {
			return "", errRendered
		}
		template = after
	}
	return strings.ToValidUTF8(b.String(), "\ufffd"), nil // bodies, headers and queries can be anything
}

func (c *call) eval(expr string) string {
	switch expr {
	case "path":
		return c.sub
	case "now":
		return c.now.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if name, ok := strings.CutPrefix(expr, "headers."); ok {
		return c.headers[strings.ToLower(name)]
	}
	if name, ok := strings.CutPrefix(expr, "query."); ok {
		return c.query.Get(name)
	}
	if path, ok := strings.CutPrefix(expr, "payload."); ok {
		return c.payload.lookup(path).String()
	}
	if strings.Trim(expr, ".[]") == "" { // names nothing, not everything
		return ""
	}
	return c.payload.lookup(expr).String()
}
