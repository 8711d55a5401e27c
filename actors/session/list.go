package session

import (
	"context"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	historyDefault  = 200
	historyMaxBytes = 6 << 20
)

// list answers sessions.list (protocol 3.9).
func list(ctx context.Context, o *Options, p wire.SessionsListParams) (wire.SessionsListResult, error) {
	now := time.Now().UnixMilli()
	r := wire.SessionsListResult{TS: now, Path: o.StorePath, Defaults: o.defaults(), Sessions: []wire.SessionRow{}}
	rows, err := readAll(ctx, o)
	for _, row := range rows {
		if row.Key == "global" && !p.IncludeGlobal || row.Key == "unknown" && !p.IncludeUnknown {
			continue
		}
		if p.ActiveMinutes != nil && row.UpdatedAt < now-*p.ActiveMinutes*60_000 {
			continue
		}
		if p.Limit != nil && int64(len(r.Sessions)) >= *p.Limit {
			break
		}
		r.Sessions = append(r.Sessions, rowOf(row))
	}
	r.Count = int64(len(r.Sessions))
	return r, err
}

func (o *Options) defaults() wire.SessionDefaults {
	d := wire.SessionDefaults{}
	s := o.settings()
	if s.Model != "" {
		r := s.defaultModel()
		d.Model, d.ModelProvider = &r.model, r.provider
	}
	if s.ContextTokens > 0 {
		d.ContextTokens = &s.ContextTokens
	}
	return d
}

func readAll(ctx context.Context, o *Options) (rows []store.Session, err error) {
	err = o.Store.View(ctx, func(v *store.View) error {
		rows, err = v.Sessions()
		return err
	})
	return rows, err
}

func rowOf(s store.Session) wire.SessionRow {
	e := s.Decode()
	at := s.UpdatedAt
	r := wire.SessionRow{
		Key: s.Key, Kind: kindOf(s.Key, e), Surface: surfaceOf(s.Key, e), Subject: e.Subject, Room: e.Room, Space: e.Space,
		ChatType: e.ChatType, UpdatedAt: &at, SessionID: e.SessionID, SystemSent: e.SystemSent,
		AbortedLastRun: e.AbortedLastRun, ThinkingLevel: e.ThinkingLevel, VerboseLevel: e.VerboseLevel,
		ElevatedLevel: e.ElevatedLevel, SendPolicy: e.SendPolicy, InputTokens: e.InputTokens, OutputTokens: e.OutputTokens,
		Model: e.Model, ContextTokens: e.ContextTokens, LastChannel: e.LastChannel, LastTo: e.LastTo,
		ModelProvider: e.ModelProvider, ModelOverride: modelRef{e.ProviderOverride, e.ModelOverride}.String(), Spent: e.Spent,
	}
	r.DisplayName = displayName(s.Key, e, r.Surface)
	r.TotalTokens = Total(e)
	return r
}

// Total is how many tokens a session has taken, 0 if nobody counted.
func Total(e wire.SessionEntry) int64 {
	if e.TotalTokens != nil {
		return *e.TotalTokens
	}
	var n int64
	for _, p := range []*int64{e.InputTokens, e.OutputTokens} {
		if p != nil {
			n += *p
		}
	}
	return n
}

// history answers chat.history (protocol 3.8).
func history(ctx context.Context, o *Options, p wire.ChatHistoryParams) (wire.ChatHistoryResult, error) {
	r := wire.ChatHistoryResult{SessionKey: p.SessionKey, Messages: []wire.Raw{}}
	limit := historyDefault
	if p.Limit != nil {
		limit = int(*p.Limit)
	}
	err := o.Store.View(ctx, func(v *store.View) error {
		e, found, err := v.Entry(p.SessionKey)
		r.ThinkingLevel = o.Thinking(e)
		if err != nil || !found {
			return err
		}
		r.SessionID = e.SessionID
		lines, err := v.History(e.SessionID, limit)
		for _, l := range lines {
			r.Messages = append(r.Messages, wire.Raw(l.Message))
		}
		return err
	})
	r.Messages = trim(r.Messages, historyMaxBytes)
	return r, err
}

// trim drops the oldest messages until the JSON array fits; the newest always stays.
func trim(m []wire.Raw, limit int) []wire.Raw {
	size := 2
	for i, r := range slices.Backward(m) {
		size += len(r) + 1
		if size > limit && i < len(m)-1 {
			return m[i+1:]
		}
	}
	return m
}
