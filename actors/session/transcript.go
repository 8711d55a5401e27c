package session

import (
	"context"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// isoTime is a time as the transcript file format writes it.
const isoTime = "2006-01-02T15:04:05.000Z"

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format(isoTime) }

// sessionLine is the first line of a transcript file (protocol 7.6).
type sessionLine struct {
	Type      string `json:"type"`
	Version   int    `json:"version"`
	ID        string `json:"id"`
	Timestamp string `json:"timestamp"`
	Cwd       string `json:"cwd"`
}

// messageLine is each line after it.
type messageLine struct {
	Type      string   `json:"type"`
	ID        string   `json:"id"`
	ParentID  *string  `json:"parentId"`
	Timestamp string   `json:"timestamp"`
	Message   wire.Raw `json:"message"`
}

// firstLine begins the transcript of a session whose first message came at that time.
func (o *Options) firstLine(sessionID string, at int64) ([]byte, error) {
	return wire.Marshal(sessionLine{"session", 2, sessionID, iso(at), o.settings().Workspace})
}

// nextLine follows the line with the id of the store after, 0 for none.
func nextLine(l store.Line, after int64) ([]byte, error) {
	m := messageLine{Type: "message", ID: lineID(l.ID), Timestamp: iso(l.At), Message: wire.Raw(l.Message)}
	if after > 0 {
		m.ParentID = new(lineID(after))
	}
	return wire.Marshal(m)
}

// lineID is a line's id in a file: always the same, and no other line of the file has it.
func lineID(id int64) string { return fmt.Sprintf("%08x", uint32(id)) }

const (
	exportDefault = 200       // messages of a part
	exportBytes   = 256 << 10 // after which a part takes no further message
)

// export answers sessions.export, an addition to the protocol.
func export(ctx context.Context, o *Options, p wire.SessionsExportParams) (wire.SessionsExportResult, error) {
	r := wire.SessionsExportResult{Lines: []wire.Raw{}}
	var err error
	if r.Key, err = sessionKey(p.Key); err != nil {
		return r, err
	}
	limit := exportDefault
	if p.Limit != nil {
		limit = int(*p.Limit)
	}
	err = o.Store.View(ctx, func(v *store.View) error {
		e, found, err := v.Entry(r.Key)
		if err != nil {
			return err
		}
		if !found || e.SessionID == "" {
			return wire.InvalidRequest("unknown session: %s", r.Key)
		}
		r.SessionID = e.SessionID
		return o.part(v, &r, e.UpdatedAt, p.AfterID, limit)
	})
	return r, err
}

// part adds the lines that come after one to r; before the first message, and where there is none, the first line.
func (o *Options) part(v *store.View, r *wire.SessionsExportResult, updatedAt, after int64, limit int) error {
	size, messages := 0, 0
	first := func(at int64) error {
		line, err := o.firstLine(r.SessionID, at)
		r.Lines = append(r.Lines, line)
		return err
	}
	begin := after == 0
	err := v.EachLine(r.SessionID, after, func(l store.Line) (bool, error) {
		if messages == limit || messages > 0 && size+len(l.Message) > exportBytes {
			r.AfterID = &after
			return false, nil
		}
		if begin && messages == 0 {
			if err := first(l.At); err != nil {
				return false, err
			}
		}
		line, err := nextLine(l, after)
		r.Lines = append(r.Lines, line)
		size, messages, after = size+len(line), messages+1, l.ID
		return true, err
	})
	if err == nil && begin && messages == 0 {
		err = first(updatedAt)
	}
	return err
}
