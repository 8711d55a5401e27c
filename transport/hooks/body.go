package hooks

import (
	"context"
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
	leftover  = time.Second // for the body of a call that is refused unread
)

var errTooLarge = errors.New("payload too large")

// readBody reads a body of at most most bytes.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.ContentLength > most {
		return nil, errTooLarge
	}
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(s.o.Limits.Body))
	unhurried := context.AfterFunc(s.open, func() { _ = c.SetReadDeadline(time.Now()) })
	defer func() {
		unhurried()
		_ = c.SetReadDeadline(time.Time{})
	}()
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err == nil && int64(len(body)) > most {
		err = errTooLarge
	}
	return body, err
}

// failBody answers a call whose body could not be read.
func (s *Server) failBody(w http.ResponseWriter, r *http.Request, sub string, err error) {
	w.Header().Set("Connection", "close")
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(leftover))
	switch {
	case errors.Is(err, errTooLarge):
		tooLarge(w, r)
	case s.open.Err() != nil:
		s.fail(w, sub, ErrBusy)
	case errors.Is(err, os.ErrDeadlineExceeded):
		refuse(w, http.StatusRequestTimeout, "the body came too slowly")
	default: // the sender has gone, or sent something else than it said
		refuse(w, http.StatusBadRequest, "the body is broken off")
	}
}

// tooLarge answers, and then takes in more of what is coming: closing on unread data is a reset, and a sender that writes
// all before it reads would never see the answer.
func tooLarge(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	waits := r.Header.Get("Expect") != "" // it sends nothing before it is told to
	duplex := c.EnableFullDuplex() == nil
	refuse(w, http.StatusRequestEntityTooLarge, errTooLarge.Error())
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
