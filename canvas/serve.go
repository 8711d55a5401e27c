package canvas

import (
	"bytes"
	"errors"
	"html"
	"io"
	"io/fs"
	"net/http"
	"strconv"

	"github.com/clawdbot/gateway/transport/request"
)

// sandbox is the policy of what is served on the gateway's port: what an agent writes must not act as the gateway's page.
const sandbox = "sandbox allow-scripts allow-forms"

// Owns tells whether a request on a port that is shared with others is for the canvas: what lies below its paths, and of
// upgrades that of the reload socket only.
func (h *Host) Owns(r *http.Request) bool {
	switch placeOf(r).area {
	case reload:
		return true
	case nowhere:
		return false
	}
	return !request.IsUpgrade(r)
}

// Mounted answers what Owns names, on the gateway's port: every file has the policy of a sandbox. Whether the request's Host
// and what proxies say of it is acceptable has been decided.
func (h *Host) Mounted() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", sandbox)
		h.answer(w, r, placeOf(r))
	})
}

// Alone answers everything on a port of the canvas's own.
func (h *Host) Alone() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := placeOf(r)
		switch {
		case !h.names.allow(r):
			h.refuse(w, r, http.StatusForbidden, "Host not allowed: use this machine's name or address, or list the name in gateway.allowedHosts")
		case request.IsUpgrade(r) && p.area != reload:
			hangUp(w)
		case p.area == nowhere:
			h.refuse(w, r, http.StatusNotFound, "Not Found")
		default:
			h.answer(w, r, p)
		}
	})
}

func (h *Host) answer(w http.ResponseWriter, r *http.Request, p place) {
	w.Header().Set("Referrer-Policy", "no-referrer") // the address may be a capability
	if why := h.admit(r, p); why != "" {
		h.refuse(w, r, http.StatusForbidden, why)
		return
	}
	switch {
	case p.area == reload && !h.o.LiveReload:
		h.refuse(w, r, http.StatusNotFound, "not found")
	case p.area == reload && request.IsUpgrade(r):
		h.serveReload(w, r)
	case p.area == reload:
		h.refuse(w, r, http.StatusUpgradeRequired, "upgrade required")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.refuse(w, r, http.StatusMethodNotAllowed, "Method Not Allowed")
	case p.area == a2ui:
		h.serveA2UI(w, r, p.rest)
	default:
		h.serveFile(w, r, p.rest)
	}
}

func (h *Host) serveFile(w http.ResponseWriter, r *http.Request, rest string) {
	name, dir, ok := decode(rest)
	if !ok {
		h.refuse(w, r, http.StatusNotFound, "not found")
		return
	}
	f, info, err := open(h.root, name, dir)
	switch {
	case errors.Is(err, fs.ErrPermission):
		h.refuse(w, r, http.StatusInternalServerError, "error")
		return
	case err != nil && dir:
		h.missing(w, r)
		return
	case err != nil:
		h.refuse(w, r, http.StatusNotFound, "not found")
		return
	}
	defer f.Close()
	if !isHTML(info.Name()) || info.Size() > maxHTML {
		send(w, r, contentType(info.Name()), info.Size(), f)
		return
	}
	page, err := readPage(f, info.Size())
	if err != nil {
		h.log.Warn("canvas", "err", err)
		h.refuse(w, r, http.StatusInternalServerError, "error")
		return
	}
	if h.o.LiveReload {
		page = inject(page)
	}
	send(w, r, contentType(info.Name()), int64(len(page)), bytes.NewReader(page))
}

// missing is the answer where a directory has no page.
func (h *Host) missing(w http.ResponseWriter, r *http.Request) {
	page := []byte("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Clawdbot Canvas</title>\n<pre>Missing file.\nCreate " +
		html.EscapeString(h.root) + "/index.html</pre></html>\n")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page)
	}
}

// send answers with size bytes of body.
func send(w http.ResponseWriter, r *http.Request, kind string, size int64, body io.Reader) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, body, size) // the client has left, or the file has become shorter: the connection then ends
	}
}

func (h *Host) refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	h.log.Debug("canvas request refused", "status", status, "method", r.Method, "why", text) // not the path: it may be a capability
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text)
	}
}

// hangUp closes the connection of an upgrade that nobody here answers.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = conn.Close()
}
