package session

import (
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
