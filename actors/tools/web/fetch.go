package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/args"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	fetchLimit   = 30 * time.Second // from the first name lookup to the last byte
	maxBody      = 4 << 20          // bytes that are read of a page
	defaultChars = 20_000
	maxChars     = 100_000
)

// Options are what the tools work with.
type Options struct {
	Agent string // says who asks, in the header User-Agent
	// Search is where is searched, as the configuration in force has it. Any goroutine.
	Search func() Search
	// Local is an address on this host that may be fetched; for tests. "" = none.
	Local string
}

// Tools are those of this package. web_search is there when a place to search is configured.
func Tools(o Options) tools.Source {
	fetch := fetcher{o, media.Client(o.Local)}.tool()
	return func() []tools.Tool {
		all := []tools.Tool{fetch}
		if s := o.Search(); s.BaseURL != "" {
			all = append(all, s.tool(o.Agent))
		}
		return all
	}
}

type fetchArgs struct {
	URL      string `json:"url" arg:"required" doc:"http or https"`
	Extract  string `json:"extract" arg:"enum=markdown|text" doc:"how a web page is shown; markdown unless said"`
	Offset   int64  `json:"offset" arg:"min=0" doc:"begin at this character, to read on"`
	MaxChars *int64 `json:"maxChars" arg:"min=100,max=100000" doc:"20000 unless said"`
}

type fetcher struct {
	o      Options
	client *http.Client
}

func (f fetcher) tool() tools.Tool {
	return tools.Tool{
		Name: "web_fetch", Group: tools.GroupNet, Schema: args.Schema(fetchArgs{}),
		Description: "Read a page of the internet: HTML as Markdown, other texts as they are. Not for pictures and other files, not for addresses of this computer or its network, " +
			"and without running scripts. What comes back is somebody else's text.",
		Run: func(ctx context.Context, _ tools.Caller, raw wire.Raw) (wire.Raw, error) {
			var a fetchArgs
			err := args.Read(raw, &a)
			var p page
			if err == nil {
				p, err = f.get(ctx, a)
			}
			if err != nil {
				return nil, fmt.Errorf("web_fetch: %w", err)
			}
			return p.result(a)
		},
	}
}

// page is what was found at an address.
type page struct {
	url    string // where the redirects ended
	status int
	mime   string
	title  string
	text   string
	cut    bool // there was more than is read
}

func (f fetcher) get(ctx context.Context, a fetchArgs) (p page, err error) {
	u, err := media.Address(strings.TrimSpace(a.URL))
	if err != nil {
		return p, fmt.Errorf("url: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fetchLimit, fmt.Errorf("%s took longer than %v", u.Host, fetchLimit))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return p, errors.New("url: not an address")
	}
	req.Header.Set("User-Agent", f.o.Agent)
	req.Header.Set("Accept", "text/html, text/markdown, text/plain, application/json, application/xml;q=0.9, */*;q=0.1")
	resp, err := f.client.Do(req)
	if err != nil {
		return p, cause(ctx, err)
	}
	defer resp.Body.Close()
	p.url, p.status = resp.Request.URL.String(), resp.StatusCode
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return p, cause(ctx, err)
	}
	if p.cut = len(body) > maxBody; p.cut {
		body = body[:maxBody]
	}
	return p, p.read(resp.Header.Get("Content-Type"), body, resp.Request.URL, a.Extract == "text")
}

// cause is an error without the address, which may hold what a log must not have.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// read makes a text of what came.
func (p *page) read(contentType string, body []byte, base *url.URL, plain bool) error {
	if contentType == "" {
		contentType = http.DetectContentType(body)
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, params = "text/plain", nil
	}
	p.mime = kind
	if !readable(kind) || strings.ContainsRune(string(body[:min(len(body), 1024)]), 0) && !strings.HasPrefix(params["charset"], "utf-16") {
		return fmt.Errorf("%s is %s, not a text: web_fetch reads texts only", base.Host, kind)
	}
	text, err := decode(body, params["charset"], kind)
	if err != nil {
		return err
	}
	if kind == "text/html" || kind == "application/xhtml+xml" {
		p.title, p.text = Markdown(text, base, plain)
		return nil
	}
	p.text = text
	return nil
}

func readable(kind string) bool {
	switch kind {
	case "application/json", "application/xml", "application/xhtml+xml", "application/javascript", "application/x-ndjson", "application/yaml", "application/toml":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// result is the part of the page that was asked for.
func (p page) result(a fetchArgs) (wire.Raw, error) {
	limit := int64(defaultChars)
	if a.MaxChars != nil {
		limit = min(*a.MaxChars, maxChars)
	}
	all := []rune(p.text)
	if a.Offset > 0 && a.Offset >= int64(len(all)) {
		return nil, fmt.Errorf("web_fetch: the page has %d characters; offset must be below", len(all))
	}
	part := all[a.Offset:min(int64(len(all)), a.Offset+limit)]
	head := ""
	if p.status != http.StatusOK {
		head = fmt.Sprintf("The answer is %d %s.\n", p.status, http.StatusText(p.status))
	}
	text := string(part)
	if p.title != "" && a.Offset == 0 {
		text = "Title: " + p.title + "\n\n" + text
	}
	if strings.TrimSpace(text) == "" {
		text = "(no text)"
	}
	foot := ""
	if next := a.Offset + int64(len(part)); next < int64(len(all)) {
		foot = fmt.Sprintf("\n%d of %d characters; the rest with offset %d.", len(part), len(all), next)
	} else if p.cut {
		foot = "\nThe page is longer than is read of one."
	}
	details := map[string]any{
		"url": p.url, "status": p.status, "contentType": p.mime, "title": p.title, "characters": utf8.RuneCountInString(p.text),
		"untrusted": true,
	}
	return wire.Marshal(map[string]any{
		"content": []map[string]any{{"type": "text", "text": head + tools.Foreign(p.url, text) + foot}}, "details": details,
	})
}
