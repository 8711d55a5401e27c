package whatsapp

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	waLog "go.mau.fi/whatsmeow/util/log"
)

// quiet passes on what the library warns of. Its other lines repeat messages and keys, and are for nobody.
type quiet struct{ log *slog.Logger }

func (q quiet) Warnf(msg string, args ...any)  { q.line(slog.LevelDebug, msg, args) }
func (q quiet) Errorf(msg string, args ...any) { q.line(slog.LevelWarn, msg, args) }
func (q quiet) Infof(string, ...any)           {}
func (q quiet) Debugf(string, ...any)          {}
func (q quiet) Sub(string) waLog.Logger        { return q }

// line logs one line. A stanza in it is left out: it has what people write.
func (q quiet) line(level slog.Level, msg string, args []any) {
	s := fmt.Sprintf(msg, args...)
	if strings.Contains(s, net.ErrClosed.Error()) {
		return // we closed it
	}
	if i := strings.IndexByte(s, '<'); i >= 0 {
		s = s[:i] + "…"
	}
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	q.log.Log(context.Background(), level, "whatsmeow", "text", s)
}
