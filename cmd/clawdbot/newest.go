package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/config"
)

const (
	newestLimit = 15 * time.Second
	newestBytes = 64 << 10
)

// newest is what a release file says: JSON with these fields, or the version alone as a line of text.
type newest struct {
	Version string `json:"version"`
	URL     string `json:"url,omitempty"`   // where to get it
	Notes   string `json:"notes,omitempty"` // one line
}

// releaseSource is where the newest version is asked for. Nobody is asked unless the user says whom.
func (a *app) releaseSource(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	doc := config.Read(a.env().ConfigPath, a.getenv)
	if doc.Config != nil && doc.Config.Update.URL != "" {
		return doc.Config.Update.URL, nil
	}
	return "", errors.New("nobody is asked by default: set update.url to a file or an https address that says what the newest version is, or give --from")
}

// askNewest reads a release file.
func (a *app) askNewest(ctx context.Context, source string) (n newest, err error) {
	ctx, cancel := context.WithTimeout(ctx, newestLimit)
	defer cancel()
	var text []byte
	u, parseErr := url.Parse(source)
	switch {
	case parseErr == nil && u.Scheme == "http" && !config.Loopback(u.Hostname()):
		err = errors.New("over http anybody on the way can answer: use https")
	case parseErr == nil && (u.Scheme == "https" || u.Scheme == "http"):
		text, err = fetchSmall(ctx, u)
	case parseErr == nil && u.Scheme == "file":
		text, err = readSmall(u.Path)
	default:
		text, err = readSmall(a.env().ExpandHome(source))
	}
	if err != nil {
		return n, fmt.Errorf("newest version: %w", err)
	}
	if line := strings.TrimSpace(string(text)); !strings.HasPrefix(line, "{") {
		n.Version, _, _ = strings.Cut(line, "\n")
	} else if err := json.Unmarshal(text, &n); err != nil {
		return n, fmt.Errorf("newest version: %w", err)
	}
	n.Version = strings.TrimSpace(n.Version)
	if _, ok := parseVersion(n.Version); !ok {
		return n, fmt.Errorf("newest version: %q is no version", oneLine(n.Version))
	}
	return n, nil
}

func fetchSmall(ctx context.Context, u *url.URL) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", u.Host, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, newestBytes))
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, newestBytes))
}

// parseVersion reads v1.2.3 or 2026.1.5. What follows a - or + is not part of the numbers.
func parseVersion(s string) (numbers [3]int, ok bool) {
	s = strings.TrimPrefix(s, "v")
	if i := strings.IndexAny(s, "-+"); i >= 0 {
		s = s[:i]
	}
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return numbers, false
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 {
			return numbers, false
		}
		numbers[i] = n
	}
	return numbers, true
}

// older says whether a is an older version than b. Of one that has no numbers ("dev") nothing can be said.
func older(a, b string) (is, known bool) {
	x, okA := parseVersion(a)
	y, okB := parseVersion(b)
	if !okA || !okB {
		return false, false
	}
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i], true
		}
	}
	return false, true
}

// checkVersion says whether there is a newer version.
func (a *app) checkVersion(ctx context.Context, from string, asJSON bool) error {
	source, err := a.releaseSource(from)
	if err != nil {
		return err
	}
	n, err := a.askNewest(ctx, source)
	if err != nil {
		return err
	}
	v, _ := buildInfo()
	is, known := older(v, n.Version)
	if asJSON {
		err = printValue(a.out, map[string]any{"version": v, "newest": n, "older": is, "comparable": known})
	} else {
		switch {
		case !known:
			fmt.Fprintf(a.out, "The newest version is %s; this program is %s, which cannot be compared.\n", oneLine(n.Version), v)
		case is:
			fmt.Fprintf(a.out, "There is a newer version: %s (this is %s).\n", oneLine(n.Version), v)
		default:
			fmt.Fprintf(a.out, "This is the newest version (%s).\n", v)
		}
		for _, more := range []string{n.Notes, n.URL} {
			if more != "" && (is || !known) {
				fmt.Fprintln(a.out, oneLine(more))
			}
		}
	}
	if err == nil && is {
		err = &failure{code: exitWarning, err: errors.New("there is a newer version")}
	}
	return err
}
