package canvas

import (
	"bytes"
	"io/fs"
	"net/http"

	"github.com/clawdbot/gateway/transport/packed"
	"github.com/clawdbot/gateway/transport/request"
)

// noA2UI is said where the binary was built without the renderer.
const noA2UI = "A2UI assets not found\n\nThis program was built without the A2UI renderer. Install Node 20 or newer and build it again with make build."

// HasA2UI tells whether the program was built with the A2UI renderer.
func HasA2UI() bool {
	_, err := fs.Stat(assets, bundle)
	return err == nil
}

// bundle is the renderer, compressed when the program was built.
const bundle = "assets/bin/a2ui.bundle.js.gz"

// serveA2UI answers with the two files of the A2UI page. Its HTML has the script also when nothing is watched.
func (h *Host) serveA2UI(w http.ResponseWriter, r *http.Request, rest string) {
	name, dir, ok := decode(rest)
	if ok && dir && name == "" {
		name = "index.html"
	}
	switch {
	case !HasA2UI():
		h.refuse(w, r, http.StatusServiceUnavailable, noA2UI)
	case ok && name == "index.html":
		h.serveA2UIPage(w, r)
	case ok && name == "a2ui.bundle.js" && !dir:
		h.serveBundle(w, r)
	default:
		h.refuse(w, r, http.StatusNotFound, "not found")
	}
}

func (h *Host) serveA2UIPage(w http.ResponseWriter, r *http.Request) {
	page, err := assets.ReadFile("assets/a2ui/index.html")
	if err != nil {
		h.refuse(w, r, http.StatusInternalServerError, "error")
		return
	}
	page = inject(page)
	send(w, r, contentType("index.html"), int64(len(page)), bytes.NewReader(page))
}

// serveBundle sends the renderer as it is embedded to whoever takes gzip, as every browser does, and unpacks it for the rest.
func (h *Host) serveBundle(w http.ResponseWriter, r *http.Request) {
	b, err := assets.ReadFile(bundle)
	w.Header().Set("Vary", "Accept-Encoding")
	if err != nil {
		h.refuse(w, r, http.StatusInternalServerError, "error")
		return
	}
	if request.AcceptsGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
	} else {
		b = packed.Plain(b)
	}
	send(w, r, contentType("a2ui.bundle.js"), int64(len(b)), bytes.NewReader(b))
}
