package session

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/command"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

// sessionKey trims a key that names a session to be changed.
func sessionKey(key string) (string, error) {
	if key = strings.TrimSpace(key); key == "" {
		return "", wire.InvalidRequest("key required")
	}
	return key, nil
}

// change commits op and answers the call with what result gives then. Calls of one socket are stored in their order.
func change(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, op store.Op, result func() any) {
	reply := actors.ReplyTo(func(v any, err error) { call.Answer(v, err) })
	o.Store.Commit(op, func(err error) {
		done := readDone{Reply: reply, err: err}
		if err == nil {
			done.value = result()
		}
		if err := ref.Tell(done); err != nil {
			reply.Fail(err)
		}
	})
}

// patch answers sessions.patch (protocol 3.9).
func patch(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, p wire.SessionsPatchParams) {
	key, err := sessionKey(p.Key)
	if err != nil {
		call.Fail(err)
		return
	}
	var set func(*wire.SessionEntry)
	if set, err = o.patchOf(p); err != nil {
		call.Fail(err)
		return
	}
	r := wire.SessionsPatchResult{OK: true, Path: o.StorePath, Key: key}
	change(o, ref, call, func(tx *store.Tx) error {
		e, _, err := open(&tx.View, key, time.Now().UnixMilli())
		if err != nil {
			return err
		}
		set(&e)
		r.Entry = e
		return tx.PutEntry(key, e)
	}, func() any { return r })
}

// patchOf checks a patch as a whole, in the order of its fields, and gives the function that applies it.
func (o *Options) patchOf(p wire.SessionsPatchParams) (func(*wire.SessionEntry), error) {
	thinking, ok := command.Thinking(p.ThinkingLevel.Value)
	if p.ThinkingLevel.Set && !p.ThinkingLevel.Null && (!ok || thinking == "") {
		return nil, wire.InvalidRequest("invalid thinkingLevel (use off|minimal|low|medium|high)")
	}
	verbose, ok := command.Verbose(p.VerboseLevel.Value)
	if p.VerboseLevel.Set && !p.VerboseLevel.Null && (!ok || verbose == "") {
		return nil, wire.InvalidRequest(`invalid verboseLevel (use "on"|"off")`)
	}
	model, err := o.modelPatch(p.Model)
	if err != nil {
		return nil, err
	}
	settings, err := toolSettings(p.Tools)
	if err != nil {
		return nil, err
	}
	return func(e *wire.SessionEntry) {
		if p.Tools != nil {
			e.Tools = settings
		}
		if p.ThinkingLevel.Set {
			e.ThinkingLevel = unlessOff(thinking)
		}
		if p.VerboseLevel.Set {
			e.VerboseLevel = unlessOff(verbose)
		}
		if p.Model.Set {
			e.ProviderOverride, e.ModelOverride = model.provider, model.model
		}
		if p.SendPolicy.Set {
			e.SendPolicy = p.SendPolicy.Value
		}
		if p.GroupActivation.Set {
			e.GroupActivation = p.GroupActivation.Value
		}
	}, nil
}

// toolSettings checks what a patch says of tools; nil = nothing is left of it.
func toolSettings(p *wire.ToolSettings) (*wire.ToolSettings, error) {
	if p == nil || len(p.Allow)+len(p.Deny) == 0 {
		return nil, nil
	}
	for _, list := range [][]string{p.Allow, p.Deny} {
		if len(list) > maxPatterns {
			return nil, wire.InvalidRequest("invalid tools: at most %d names", maxPatterns)
		}
		for _, name := range list {
			if err := tools.CheckPattern(name); err != nil {
				return nil, wire.InvalidRequest("invalid tools: %q %v", name, err)
			}
		}
	}
	return p, nil
}

const maxPatterns = 200

// unlessOff: what is off is not kept.
func unlessOff(level string) string {
	if level == "off" {
		return ""
	}
	return level
}

// modelPatch is the override that a patch of the model asks for; none where it asks for the default.
func (o *Options) modelPatch(p wire.Nullable[string]) (modelRef, error) {
	if !p.Set || p.Null {
		return modelRef{}, nil
	}
	text := strings.TrimSpace(p.Value)
	if text == "" {
		return modelRef{}, wire.InvalidRequest("invalid model: empty")
	}
	s := o.settings()
	r, ok := s.resolveModel(text)
	switch {
	case !ok:
		return modelRef{}, wire.InvalidRequest("invalid model: %s", text)
	case r == s.defaultModel():
		return modelRef{}, nil
	case !o.modelAllowed(s, r):
		return modelRef{}, wire.InvalidRequest("model not allowed: %s/%s", r.provider, r.model)
	}
	return r, nil
}

// reset answers sessions.reset (protocol 3.9).
func reset(o *Options, ref actors.Ref[SessionsMessage], call *wire.Call, p wire.SessionsResetParams) {
	key, err := sessionKey(p.Key)
	if err != nil {
		call.Fail(err)
		return
	}
	r := wire.SessionsResetResult{OK: true, Key: key}
	change(o, ref, call, func(tx *store.Tx) (err error) {
		r.Entry, err = Reset(tx, key, time.Now().UnixMilli())
		return err
	}, func() any { return r })
}

// Reset begins a session anew inside a commit. Runs of the old one go on in it; its transcript stays.
func Reset(tx *store.Tx, key string, now int64) (wire.SessionEntry, error) {
	old, _, err := tx.Entry(key)
	if err != nil {
		return old, err
	}
	e := wire.SessionEntry{
		SessionID: uuid.NewString(), UpdatedAt: now, SystemSent: new(false), AbortedLastRun: new(false),
		ThinkingLevel: old.ThinkingLevel, VerboseLevel: old.VerboseLevel, Model: old.Model, ContextTokens: old.ContextTokens,
		SendPolicy: old.SendPolicy, Tools: old.Tools, LastChannel: old.LastChannel, LastTo: old.LastTo, SkillsSnapshot: old.SkillsSnapshot,
	}
	return e, tx.PutEntry(key, e)
}
