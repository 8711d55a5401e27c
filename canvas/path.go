package canvas

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Paths of the reference (bridge-canvas 5.2). That of the socket has no underscores at its end.
const (
	CanvasPath = "/__clawdbot__/canvas"
	A2UIPath   = "/__clawdbot__/a2ui"
	ReloadPath = "/__clawdbot/ws"
	// CapabilityPath comes before one of the others: the capability, then that path. Relative links within a page keep it.
	CapabilityPath = "/__clawdbot__/cap/"
)

type area int

const (
	nowhere area = iota
	files
	a2ui
	reload
)

// place is what a request asks for.
type place struct {
	area       area
	rest       string // below the area, still encoded: "" or beginning with a slash
	capability string
	has        bool // a capability, be it a wrong one
}

// placeOf reads the path as a browser does: segments of dots go first, then the prefix is looked at.
func placeOf(r *http.Request) (p place) {
	full := removeDots(r.URL.EscapedPath())
	if token, ok := strings.CutPrefix(full, CapabilityPath); ok {
		p.has = true
		p.capability, full, _ = strings.Cut(token, "/")
		full = "/" + full
	}
	for prefix, where := range map[string]area{CanvasPath: files, A2UIPath: a2ui} {
		if rest, ok := strings.CutPrefix(full, prefix); ok && (rest == "" || rest[0] == '/') {
			p.area, p.rest = where, rest
		}
	}
	if full == ReloadPath {
		p.area = reload
	}
	return p
}

// removeDots takes "." and ".." out of an encoded path, plain or encoded, as the URL standard says.
func removeDots(p string) string {
	if !strings.Contains(p, ".") && !strings.Contains(p, "%2") {
		return p
	}
	var out []string
	segments := strings.Split(strings.TrimPrefix(p, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch strings.ReplaceAll(strings.ToLower(s), "%2e", ".") {
		case ".":
		case "..":
			out = out[:max(0, len(out)-1)]
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// decode gives the path of a file below a root: decoded once, cleaned, "" for the root itself. dir says that it ended in a
// slash. ok is false for what no link of ours contains and only serves to be read differently by somebody else.
func decode(rest string) (name string, dir, ok bool) {
	if strings.Contains(rest, "%25") {
		return "", false, false
	}
	p, err := url.PathUnescape(rest)
	if err != nil {
		return "", false, false
	}
	for i := range len(p) {
		if p[i] < 0x20 || p[i] == 0x7f || p[i] == '\\' {
			return "", false, false
		}
	}
	dir = p == "" || strings.HasSuffix(p, "/")
	return strings.TrimPrefix(path.Clean("/"+p), "/"), dir, true
}
