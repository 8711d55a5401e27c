package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/args"
	"github.com/clawdbot/gateway/providers/media"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	searchLimit = 20 * time.Second
	maxAnswer   = 2 << 20 // bytes
	braveURL    = "https://api.search.brave.com/res/v1"
)

// Search is where is searched.
type Search struct {
	Provider string // "brave" or "searxng"
	BaseURL  string // "" = there is no search
	Key      string // a secret; "" = none is wanted
}

// Configured fills in what follows from the provider. Without a provider it is that of the key or the address, if there is one.
func Configured(provider, baseURL, key string) Search {
	s := Search{provider, strings.TrimRight(strings.TrimSpace(baseURL), "/"), key}
	switch {
	case s.Provider == "" && s.BaseURL != "":
		s.Provider = "searxng"
	case s.Provider == "" && key != "":
		s.Provider = "brave"
	}
	if s.Provider == "brave" && s.BaseURL == "" && key != "" {
		s.BaseURL = braveURL
	}
	return s
}

type searchArgs struct {
	Query string `json:"query" arg:"required"`
	Count *int64 `json:"count" arg:"min=1,max=20" doc:"how many, 5 unless said"`
	Since string `json:"since" arg:"enum=day|week|month|year" doc:"only what is that new"`
}

// hit is one that was found.
type hit struct{ title, url, about, date string }

func (s Search) tool(agent string) tools.Tool {
	return tools.Tool{
		Name: "web_search", Group: tools.GroupNet, Schema: args.Schema(searchArgs{}),
		Description: "Search the internet: title, address and a few words of each page found. web_fetch reads one.",
		Run: func(ctx context.Context, _ tools.Caller, raw wire.Raw) (wire.Raw, error) {
			var a searchArgs
			err := args.Read(raw, &a)
			var hits []hit
			if err == nil {
				hits, err = s.find(ctx, agent, a)
			}
			if err != nil {
				return nil, fmt.Errorf("web_search: %w", err)
			}
			return s.result(hits)
		},
	}
}

func (s Search) result(hits []hit) (wire.Raw, error) {
	if len(hits) == 0 {
		return wire.Marshal("nothing found")
	}
	var b strings.Builder
	list := []map[string]string{}
	for i, h := range hits {
		fmt.Fprintf(&b, "%d. %s\n   %s\n", i+1, h.title, h.url)
		if h.date != "" {
			fmt.Fprintf(&b, "   %s\n", h.date)
		}
		if h.about != "" {
			fmt.Fprintf(&b, "   %s\n", h.about)
		}
		list = append(list, map[string]string{"title": h.title, "url": h.url})
	}
	return wire.Marshal(map[string]any{
		"content": []map[string]any{{"type": "text", "text": tools.Foreign("the pages found by "+s.Provider, strings.TrimRight(b.String(), "\n"))}},
		"details": map[string]any{"results": list, "untrusted": true},
	})
}

// request is the question as the provider wants it.
func (s Search) request(ctx context.Context, a searchArgs, count int64) (*http.Request, error) {
	q := url.Values{"q": {a.Query}}
	path := "/search"
	if s.Provider == "brave" {
		path = "/web/search"
		q.Set("count", strconv.FormatInt(count, 10))
		if a.Since != "" {
			q.Set("freshness", "p"+a.Since[:1]) // pd, pw, pm, py
		}
	} else {
		q.Set("format", "json")
		if a.Since != "" {
			q.Set("time_range", a.Since)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.BaseURL+path+"?"+q.Encode(), nil)
	if err != nil {
		return nil, errors.New("tools.web.search.baseUrl is not an address")
	}
	switch {
	case s.Key == "":
	case s.Provider == "brave":
		req.Header.Set("X-Subscription-Token", s.Key)
	default:
		req.Header.Set("Authorization", "Bearer "+s.Key)
	}
	return req, nil
}

func (s Search) find(ctx context.Context, agent string, a searchArgs) ([]hit, error) {
	count := int64(5)
	if a.Count != nil {
		count = *a.Count
	}
	ctx, cancel := context.WithTimeoutCause(ctx, searchLimit, fmt.Errorf("%s did not answer within %v", s.Provider, searchLimit))
	defer cancel()
	req, err := s.request(ctx, a, count)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", agent)
	client := media.Client(s.BaseURL)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // the key stays here
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w", s.Provider, cause(ctx, err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Provider, cause(ctx, err))
	}
	if resp.StatusCode != http.StatusOK {
		return nil, s.refused(resp.StatusCode)
	}
	hits, err := parse(s.Provider, body)
	if err != nil {
		return nil, err
	}
	return hits[:min(len(hits), int(count))], nil
}

// refused says what to do about an answer that is none.
func (s Search) refused(status int) error {
	about := ""
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity:
		about = ": is tools.web.search.apiKey right?"
		if s.Provider == "searxng" {
			about = ": does its settings.yml allow the format json?"
		}
	case http.StatusTooManyRequests:
		about = ": too many searches, try again later"
	}
	return fmt.Errorf("%s answered %d %s%s", s.Provider, status, http.StatusText(status), about)
}

func parse(provider string, body []byte) (hits []hit, err error) {
	type one struct {
		Title         string `json:"title"`
		URL           string `json:"url"`
		Content       string `json:"content"`
		Description   string `json:"description"`
		Age           string `json:"age"`
		PublishedDate string `json:"publishedDate"`
	}
	var answer struct {
		Results []one `json:"results"`
		Web     struct {
			Results []one `json:"results"`
		} `json:"web"`
	}
	if err := wire.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer of %s is not what it should be", provider)
	}
	for _, r := range append(answer.Web.Results, answer.Results...) {
		u, err := media.Address(r.URL)
		if err != nil {
			continue
		}
		_, about := Markdown(r.Content+r.Description, u, true)
		_, title := Markdown(r.Title, u, true)
		hits = append(hits, hit{oneLine(title), u.String(), oneLine(about), oneLine(r.Age + r.PublishedDate)})
	}
	return hits, nil
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 500 {
		return string(r[:500]) + "…"
	}
	return s
}
