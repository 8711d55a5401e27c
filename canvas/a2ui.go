package canvas

import (
	"bytes"
	"net/http"
)

// noA2UI is said where the binary was built without the renderer.
const noA2UI = "A2UI assets not found\n\nThis program was built without the A2UI renderer. Install Node 20 or newer and build it again with make build."

// HasA2UI tells whether the program was built with the A2UI renderer.
func HasA2UI() bool {
	_, err := assets.ReadFile(bundle)
	return err == nil
}

const bundle = "assets/bin/a2ui.bundle.js"

// serveA2UI answers with the two files of the A2UI page. Its HTML has the script also when nothing is watched.
func (h *Host) serveA2UI(w http.ResponseWriter, r *http.Request, rest string) {
	name, dir, ok := decode(rest)
	if ok && dir && name == "" {
		name = "index.html"
	}
	file, known := map[string]string{"index.html": "assets/a2ui/index.html", "a2ui.bundle.js": bundle}[name]
	switch {
	case !HasA2UI():
		h.refuse(w, r, http.StatusServiceUnavailable, noA2UI)
		return
	case !ok, !known, dir && name != "index.html":
		h.refuse(w, r, http.StatusNotFound, "not found")
		return
	}
	b, err := assets.ReadFile(file)
	if err != nil {
		h.refuse(w, r, http.StatusInternalServerError, "error")
		return
	}
	if isHTML(name) {
		b = inject(b)
	}
	send(w, r, contentType(name), int64(len(b)), bytes.NewReader(b))
}
