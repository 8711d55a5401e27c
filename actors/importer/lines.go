package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxLine is the longest line that is read.
const maxLine = 32 << 20

// Why a line does not come over.
const (
	tooLong   = "longer than 32 MB"
	notJSON   = "no JSON"
	noMessage = "its message is no object"
	notRun    = "not the end of a run"
)

// toValid replaces what is no UTF-8, as the other gateway did when it read a file.
func toValid(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	return bytes.ToValidUTF8(b, []byte("\ufffd"))
}

// readLine returns the next line without its end, nil for one that is too long, and how many bytes it took. The end of
// the file is io.EOF; a last line without an end counts.
func readLine(r *bufio.Reader) (line []byte, n int64, err error) {
	for {
		part, err := r.ReadSlice('\n')
		n += int64(len(part))
		if n <= maxLine {
			line = append(line, part...)
		} else {
			line = nil
		}
		switch {
		case err == nil:
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && n > 0:
		default:
			return nil, n, err
		}
		if n > maxLine {
			return nil, n, nil
		}
		if line = bytes.TrimSpace(line); line == nil {
			line = []byte{} // blank
		}
		return line, n, nil
	}
}

// parsed is what a line turned out to be: a row, or why it is none. Zero: a blank line.
type parsed struct {
	line *store.Line
	run  *store.CronRun
	kind string // of a line that is no message
	left string // why it stays behind
}

func (it *item) parse(b []byte) parsed {
	switch {
	case b == nil:
		return parsed{left: tooLong}
	case len(b) == 0:
		return parsed{}
	case it.Kind == runLog:
		return it.parseRun(toValid(b))
	}
	return it.parseMessage(toValid(b))
}

// parseMessage reads a line of a transcript: each with a message is one (protocol 7.6).
func (it *item) parseMessage(b []byte) parsed {
	var l struct {
		Type      wire.Raw `json:"type"`
		Timestamp wire.Raw `json:"timestamp"`
		Message   wire.Raw `json:"message"`
	}
	if wire.Valid(b) != nil || wire.Unmarshal(b, &l) != nil {
		return parsed{left: notJSON}
	}
	switch string(l.Message) {
	case "", "null", "false", "0", `""`:
		kind := "unknown"
		if wire.Unmarshal(l.Type, &kind) != nil || len(kind) > 40 {
			kind = "unknown"
		}
		return parsed{kind: kind}
	}
	var m struct {
		Role      wire.Raw `json:"role"`
		Timestamp wire.Raw `json:"timestamp"`
	}
	if wire.Unmarshal(l.Message, &m) != nil {
		return parsed{left: noMessage}
	}
	row := store.Line{SessionID: it.ID, Message: l.Message}
	_ = wire.Unmarshal(m.Role, &row.Role) // shown as it is in the message; "" when it is no text
	row.At = instant(m.Timestamp, l.Timestamp)
	return parsed{line: &row}
}

// instant is the first of these that is a time: in ms, or in ISO form. 0 = none is.
func instant(candidates ...wire.Raw) int64 {
	for _, c := range candidates {
		var ms int64
		if len(c) > 0 && c[0] != 'n' && wire.Unmarshal(c, &ms) == nil && ms > 0 {
			return ms
		}
		var iso string
		if len(c) > 0 && wire.Unmarshal(c, &iso) == nil {
			if t, err := time.Parse(time.RFC3339, iso); err == nil {
				return t.UnixMilli()
			}
		}
	}
	return 0
}

// parseRun reads a line of the log of a job (protocol 3.11).
func (it *item) parseRun(b []byte) parsed {
	var l wire.CronRunLog
	if wire.Valid(b) != nil || wire.Unmarshal(b, &l) != nil {
		return parsed{left: notJSON}
	}
	if l.Action != "finished" || l.TS <= 0 {
		return parsed{left: notRun}
	}
	r := &store.CronRun{JobID: it.ID, RunAt: l.TS, EndedAt: l.TS, Status: l.Status, Error: l.Error, Summary: l.Summary}
	if l.RunAtMs != nil {
		r.RunAt = *l.RunAtMs
	}
	if l.DurationMs != nil {
		r.EndedAt = r.RunAt + *l.DurationMs
	}
	if l.NextRunAtMs != nil {
		r.NextAt = *l.NextRunAtMs
	}
	if r.Status == "" {
		r.Status = "ok"
	}
	r.ID = runID(it.ID, r.RunAt, l.TS)
	return parsed{run: r}
}
