package calls

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxText    = 4000     // bytes of one text of a transcript that a model is shown
	maxHistory = 80 << 10 // bytes of all of it
)

type listArgs struct {
	Kinds         []string `json:"kinds" doc:"only these: main, group, cron, hook, node, sub (sub-agents), other"`
	Limit         *int64   `json:"limit" arg:"min=1,max=200" doc:"at most so many, the latest first; 50 unless said"`
	ActiveMinutes *int64   `json:"activeMinutes" arg:"min=1" doc:"only those with a message in the last minutes"`
	MessageLimit  int64    `json:"messageLimit" arg:"min=0,max=20" doc:"show the last messages of each too"`
}

// listed is one session of the list.
type listed struct {
	Key         string     `json:"key"`
	Kind        string     `json:"kind"`
	DisplayName string     `json:"displayName,omitempty"`
	Surface     string     `json:"surface,omitempty"`
	UpdatedAt   *int64     `json:"updatedAt"` // ms
	Model       string     `json:"model,omitempty"`
	TotalTokens int64      `json:"totalTokens,omitzero"`
	LastChannel string     `json:"lastChannel,omitempty"`
	LastTo      string     `json:"lastTo,omitempty"`
	Messages    []wire.Raw `json:"messages,omitempty"`
}

var kinds = []string{"main", "group", "cron", "hook", "node", "sub", "other"}

func (o Options) sessionsList() tools.Tool {
	return tool("sessions_list", tools.GroupRead,
		"The conversations there are, the latest first: key, kind, surface, and with messageLimit their last messages.",
		func(ctx context.Context, _ tools.Caller, a listArgs) (any, error) {
			for _, k := range a.Kinds {
				if !slices.Contains(kinds, k) {
					return nil, wire.InvalidRequest("kinds: there is no %.20q; there are %s", k, strings.Join(kinds, ", "))
				}
			}
			all, err := call[wire.SessionsListResult](ctx, o, "sessions.list", wire.SessionsListParams{ActiveMinutes: a.ActiveMinutes, IncludeGlobal: true})
			if err != nil {
				return nil, err
			}
			limit, found := 50, []listed{}
			if a.Limit != nil {
				limit = int(*a.Limit)
			}
			for _, row := range all.Sessions {
				kind := kindOf(row)
				if len(a.Kinds) > 0 && !slices.Contains(a.Kinds, kind) {
					continue
				}
				if len(found) >= limit {
					break
				}
				s := listed{row.Key, kind, row.DisplayName, row.Surface, row.UpdatedAt, row.Model, row.TotalTokens, row.LastChannel, row.LastTo, nil}
				if a.MessageLimit > 0 {
					if s.Messages, err = o.messages(ctx, row.Key, a.MessageLimit, false); err != nil {
						return nil, err
					}
				}
				found = append(found, s)
			}
			return map[string]any{"count": len(found), "sessions": found}, nil
		})
}

// kindOf tells what a session is for by its key (providers b.1).
func kindOf(row wire.SessionRow) string {
	prefix, _, _ := strings.Cut(row.Key, ":")
	switch {
	case row.Key == "main", row.Key == "global":
		return "main"
	case strings.HasPrefix(row.Key, "agent:sub:"):
		return "sub"
	case prefix == "cron", prefix == "hook":
		return prefix
	case strings.HasPrefix(row.Key, "node-"):
		return "node"
	case row.Kind == "group":
		return "group"
	}
	return "other"
}

type historyArgs struct {
	SessionKey   string `json:"sessionKey" arg:"required" doc:"as sessions_list has it"`
	Limit        *int64 `json:"limit" arg:"min=1,max=200" doc:"the last so many messages; 50 unless said"`
	IncludeTools bool   `json:"includeTools" doc:"calls of tools and their results too"`
}

func (o Options) sessionsHistory() tools.Tool {
	return tool("sessions_history", tools.GroupRead, "The last messages of a conversation, oldest first. Long texts are cut, pictures left out.",
		func(ctx context.Context, _ tools.Caller, a historyArgs) (any, error) {
			if err := o.exists(ctx, a.SessionKey); err != nil {
				return nil, err
			}
			limit := int64(50)
			if a.Limit != nil {
				limit = *a.Limit
			}
			messages, err := o.messages(ctx, a.SessionKey, limit, a.IncludeTools)
			return map[string]any{"sessionKey": a.SessionKey, "messages": messages}, err
		})
}

// exists refuses a session that is not there, and says which ones are called like it.
func (o Options) exists(ctx context.Context, key string) error {
	all, err := call[wire.SessionsListResult](ctx, o, "sessions.list", wire.SessionsListParams{IncludeGlobal: true})
	if err != nil {
		return err
	}
	var like []string
	for _, row := range all.Sessions {
		if row.Key == key {
			return nil
		}
		if key != "" && len(like) < 5 && strings.Contains(strings.ToLower(row.Key+" "+row.DisplayName), strings.ToLower(key)) {
			like = append(like, row.Key)
		}
	}
	if len(like) > 0 {
		return wire.InvalidRequest("there is no session %.80q; there are %s", key, strings.Join(like, ", "))
	}
	return wire.InvalidRequest("there is no session %.80q; sessions_list shows those there are", key)
}

// line is a message of a transcript, as far as it is shown.
type line struct {
	Role      string           `json:"role"`
	Content   []map[string]any `json:"content"`
	Timestamp int64            `json:"timestamp,omitzero"`
	ToolName  string           `json:"toolName,omitempty"`
	RunID     string           `json:"runId,omitempty"`
	IsError   bool             `json:"isError,omitzero"`
	Error     string           `json:"errorMessage,omitempty"`
}

// messages are the last ones of a session, made small.
func (o Options) messages(ctx context.Context, key string, limit int64, withTools bool) ([]wire.Raw, error) {
	ask := limit
	if !withTools {
		ask = min(4*limit, 1000)
	}
	h, err := call[wire.ChatHistoryResult](ctx, o, "chat.history", wire.ChatHistoryParams{SessionKey: key, Limit: &ask})
	if err != nil {
		return nil, err
	}
	shown, size := []wire.Raw{}, 0
	for _, raw := range slices.Backward(h.Messages) {
		small, ok := shorten(raw, withTools)
		if !ok {
			continue
		}
		if size += len(small); len(shown) > 0 && size > maxHistory || int64(len(shown)) >= limit {
			break
		}
		shown = append(shown, small)
	}
	slices.Reverse(shown)
	return shown, nil
}

// shorten leaves out of a message what a model that asks for it does not need; ok is false when nothing is left.
func shorten(raw wire.Raw, withTools bool) (small wire.Raw, ok bool) {
	var l line
	if wire.Unmarshal(raw, &l) != nil || l.Role == "toolResult" && !withTools {
		return nil, false
	}
	l.Content = slices.DeleteFunc(l.Content, func(part map[string]any) bool {
		return part["type"] == "thinking" || part["type"] == "toolCall" && !withTools
	})
	for _, part := range l.Content {
		for name, v := range part {
			if text, is := v.(string); is && len(text) > maxText {
				part[name] = strings.ToValidUTF8(text[:maxText], "") + "…(truncated)"
			}
		}
		if part["type"] == "image" {
			delete(part, "data")
			part["omitted"] = true
		}
	}
	if len(l.Content) == 0 && l.Error == "" {
		return nil, false
	}
	small, err := wire.Marshal(l)
	return small, err == nil
}

// textOf is what a message says.
func (l line) textOf() string {
	var all []string
	for _, part := range l.Content {
		if text, ok := part["text"].(string); ok && part["type"] == "text" {
			all = append(all, text)
		}
	}
	return strings.Join(all, "\n")
}

type statusArgs struct {
	SessionKey string `json:"sessionKey" doc:"this conversation unless said"`
}

func (o Options) sessionStatus() tools.Tool {
	return tool("session_status", tools.GroupRead,
		"Where a conversation stands: model, thinking, context used, tokens and cost so far. This one, or another by its key.",
		func(ctx context.Context, c tools.Caller, a statusArgs) (any, error) {
			key := cmp.Or(a.SessionKey, c.SessionKey)
			if key != c.SessionKey {
				if err := o.exists(ctx, key); err != nil {
					return nil, err
				}
			}
			return o.Status(ctx, key)
		})
}
