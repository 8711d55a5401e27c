package hooks

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	maxDrain  = 8 << 20 // bytes of a body that is too large that are still taken, so that its sender reads the answer
	drainTime = 2 * time.Second
)

// readBody reads a body of at most most bytes, or answers why not.
func readBody(w http.ResponseWriter, r *http.Request, most int64) (body []byte, ok bool) {
	if r.ContentLength > most {
		tooLarge(w, r)
		return nil, false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusRequestTimeout, "the body came too slowly")
		return nil, false
	case err != nil: // the sender has gone, or sent something else than it said
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusBadRequest, "the body is broken off")
		return nil, false
	case int64(len(body)) > most:
		tooLarge(w, r)
		return nil, false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, true
}

// tooLarge answers, and then takes in more of what is coming: closing on unread data is a reset, and a sender that writes
// all before it reads would never see the answer.
func tooLarge(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	waits := r.Header.Get("Expect") != "" // it sends nothing before it is told to
	duplex := c.EnableFullDuplex() == nil
	w.Header().Set("Connection", "close")
	refuse(w, http.StatusRequestEntityTooLarge, "payload too large")
	if waits || !duplex || c.Flush() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
}

// digest is one short name for some texts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}
