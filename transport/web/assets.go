package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/transport/packed"
	"github.com/clawdbot/gateway/transport/request"
)

//go:embed static
var static embed.FS

// asset is one file of the page. Hash and compressed form are made on first use, so that a gateway
// nobody looks at does not pay for them.
type asset struct {
	contentType string
	body        func() []byte
	encoded     func() encoded
}

type encoded struct {
	plain, gzip         []byte // gzip is nil when it saves nothing
	plainETag, gzipETag string
}

// loadAssets names every embedded file by its path below static/. The page learns its base path and
// the version from meta tags: protocol 8.6 has a script set a global here, which the policy against
// inline scripts rules out.
func loadAssets(base, version string) map[string]*asset {
	files := map[string]*asset{}
	_ = fs.WalkDir(static, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(p, "static/")
		body := func() []byte { b, _ := static.ReadFile(p); return packed.Plain(b) } // embedded: cannot fail
		if name == "index.html" {
			plain := body
			body = func() []byte { return fillIndex(plain(), base, version) }
		}
		a := &asset{contentType: contentType(name), body: body}
		a.encoded = sync.OnceValue(a.encode)
		files[name] = a
		return nil
	})
	return files
}

func fillIndex(b []byte, base, version string) []byte {
	b = bytes.Replace(b, []byte(`name="clawdbot-base-path" content=""`),
		[]byte(`name="clawdbot-base-path" content="`+html.EscapeString(base)+`"`), 1)
	return bytes.Replace(b, []byte(`name="clawdbot-version" content=""`),
		[]byte(`name="clawdbot-version" content="`+html.EscapeString(version)+`"`), 1)
}

func (a *asset) encode() encoded {
	b := a.body()
	sum := sha256.Sum256(b)
	tag := base64.RawURLEncoding.EncodeToString(sum[:16])
	e := encoded{plain: b, plainETag: `"` + tag + `"`, gzipETag: `"` + tag + `-gz"`}
	if z := packed.Pack(b); len(z) < len(b) {
		e.gzip = z
	}
	return e
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	e := a.encoded()
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	body, tag := e.plain, e.plainETag
	if e.gzip != nil && request.AcceptsGzip(r) {
		body, tag = e.gzip, e.gzipETag
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

func matches(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "application/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".ico":
		return "image/x-icon"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
