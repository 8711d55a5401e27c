package acp

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// handle answers what the agent asks for, and hears its updates.
func (s *session) handle(_ context.Context, method string, params json.RawMessage) (any, *sdk.RequestError) {
	if method == sdk.ClientMethodSessionUpdate {
		defer s.queue.done()
		s.update(params)
		return nil, nil
	}
	defer s.asks.Add(-1)
	switch method {
	case sdk.ClientMethodSessionRequestPermission:
		return s.permission(params)
	case sdk.ClientMethodFsReadTextFile:
		return s.read(params)
	case sdk.ClientMethodFsWriteTextFile:
		return s.write(params)
	}
	return nil, sdk.NewMethodNotFound(method)
}

func (s *session) update(params json.RawMessage) {
	var n notification
	if json.Unmarshal(params, &n) != nil { // of a newer version, or a mistake: either says nothing to us
		return
	}
	if !s.listening.Load() {
		s.view.replay(n.Update)
		return
	}
	if n.SessionID != s.id {
		return
	}
	if err := s.view.take(n.Update); err != nil {
		s.proc.Lose(err)
	}
}

// asked is a request for a permission. What it does not know of the call, the update before has said.
type asked struct {
	SessionID string `json:"sessionId"`
	ToolCall  update `json:"toolCall"`
	Options   []struct {
		ID   string `json:"optionId"`
		Kind string `json:"kind"`
	} `json:"options"`
}

// choose finds the option for an answer, the one that counts once before the one that counts for ever: what is allowed for
// good is kept here, where it is seen and taken back.
func (a asked) choose(allowed bool) string {
	kinds := []string{"reject_once", "reject_always"}
	if allowed {
		kinds = []string{"allow_once", "allow_always"}
	}
	for _, kind := range kinds {
		for _, o := range a.Options {
			if o.Kind == kind {
				return o.ID
			}
		}
	}
	return ""
}

func (s *session) permission(params json.RawMessage) (any, *sdk.RequestError) {
	var a asked
	if err := json.Unmarshal(params, &a); err != nil {
		return nil, sdk.NewInvalidParams(nil)
	}
	no := sdk.RequestPermissionResponse{Outcome: sdk.RequestPermissionOutcome{Cancelled: &sdk.RequestPermissionOutcomeCancelled{Outcome: "cancelled"}}}
	if !s.listening.Load() || a.SessionID != s.id {
		return no, nil
	}
	allowed, err := s.h.Permit(s.ctx, s.view.question(a.ToolCall))
	if err != nil {
		return no, nil // the turn has ended
	}
	id := a.choose(allowed)
	if id == "" {
		return no, nil
	}
	return sdk.RequestPermissionResponse{Outcome: sdk.RequestPermissionOutcome{
		Selected: &sdk.RequestPermissionOutcomeSelected{OptionId: sdk.PermissionOptionId(id), Outcome: "selected"},
	}}, nil
}

// file is a request for one.
type file struct {
	SessionID string  `json:"sessionId"`
	Path      string  `json:"path"`
	Content   *string `json:"content"`
	Line      *int    `json:"line"` // the first one, from 1
	Limit     *int    `json:"limit"`
}

func (s *session) file(params json.RawMessage) (f file, e *sdk.RequestError) {
	if json.Unmarshal(params, &f) != nil || f.Path == "" {
		return f, sdk.NewInvalidParams(nil)
	}
	if !s.listening.Load() || f.SessionID != s.id {
		return f, sdk.NewInvalidParams(map[string]any{"error": "no such session"})
	}
	return f, nil
}

func (s *session) read(params json.RawMessage) (any, *sdk.RequestError) {
	f, e := s.file(params)
	if e != nil {
		return nil, e
	}
	text, err := s.h.ReadFile(s.ctx, f.Path)
	if err != nil {
		return nil, refused(err)
	}
	return sdk.ReadTextFileResponse{Content: f.part(text)}, nil
}

// part is the lines that were asked for.
func (f file) part(text string) string {
	if f.Line == nil && f.Limit == nil {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	if f.Line != nil {
		lines = lines[min(max(0, *f.Line-1), len(lines)):]
	}
	if f.Limit != nil {
		lines = lines[:min(max(0, *f.Limit), len(lines))]
	}
	return strings.Join(lines, "")
}

func (s *session) write(params json.RawMessage) (any, *sdk.RequestError) {
	f, e := s.file(params)
	if e != nil {
		return nil, e
	}
	if f.Content == nil {
		return nil, sdk.NewInvalidParams(nil)
	}
	if err := s.h.WriteFile(s.ctx, f.Path, *f.Content); err != nil {
		return nil, refused(err)
	}
	return sdk.WriteTextFileResponse{}, nil
}

const notFound = -32002

func refused(err error) *sdk.RequestError {
	code := internal
	if errors.Is(err, fs.ErrNotExist) {
		code = notFound
	}
	return &sdk.RequestError{Code: code, Message: codeagent.Clip(err.Error(), 500)}
}
