package session

import (
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// Summary is the part of status about sessions (protocol 6.2): all counted, the five newest shown.
func Summary(rows []store.Session, o Options, now time.Time) wire.StatusSessions {
	s := wire.StatusSessions{Path: o.StorePath, Count: int64(len(rows)), Defaults: o.defaults(), Recent: []wire.SessionStatus{}}
	for _, r := range rows[:min(5, len(rows))] {
		s.Recent = append(s.Recent, statusOf(rowOf(r), o, now))
	}
	return s
}

func statusOf(r wire.SessionRow, o Options, now time.Time) wire.SessionStatus {
	age := now.UnixMilli() - *r.UpdatedAt
	s := wire.SessionStatus{
		Key: r.Key, Kind: r.Kind, SessionID: r.SessionID, UpdatedAt: r.UpdatedAt, Age: &age, ThinkingLevel: r.ThinkingLevel,
		VerboseLevel: r.VerboseLevel, ElevatedLevel: r.ElevatedLevel, SystemSent: r.SystemSent, AbortedLastRun: r.AbortedLastRun,
		InputTokens: r.InputTokens, OutputTokens: r.OutputTokens, ContextTokens: r.ContextTokens, Flags: flags(r),
	}
	d := o.defaults()
	if s.Model = d.Model; r.Model != "" {
		s.Model = &r.Model
	}
	if s.ContextTokens == nil {
		s.ContextTokens = d.ContextTokens
	}
	if r.TotalTokens > 0 {
		s.TotalTokens = &r.TotalTokens
		if s.ContextTokens != nil && *s.ContextTokens > 0 {
			rest := max(0, *s.ContextTokens-r.TotalTokens)
			percent := min(999, r.TotalTokens*100 / *s.ContextTokens)
			s.RemainingTokens, s.PercentUsed = &rest, &percent
		}
	}
	return s
}

func flags(r wire.SessionRow) []string {
	f := []string{}
	for _, p := range [][2]string{{"think:", r.ThinkingLevel}, {"verbose:", r.VerboseLevel}, {"elevated:", r.ElevatedLevel}} {
		if p[1] != "" {
			f = append(f, p[0]+p[1])
		}
	}
	if r.SystemSent != nil && *r.SystemSent {
		f = append(f, "system")
	}
	if r.AbortedLastRun != nil && *r.AbortedLastRun {
		f = append(f, "aborted")
	}
	if r.SessionID != "" {
		f = append(f, "id:"+r.SessionID)
	}
	return f
}
