package modelrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxArgs   = 256 << 10 // bytes of a call's arguments
	maxResult = 200 << 10 // bytes of a result's text that a model is shown
	maxCalls  = 32        // of one answer
)

// outcome is what became of one call.
type outcome struct {
	at     int
	result wire.Raw
	err    error
}

// call runs the calls of an answer side by side and puts their results into the conversation, in the order of the calls.
func (u *turn) call(ctx context.Context, calls []model.Call) error {
	done := make(chan outcome, len(calls))
	for i, c := range calls {
		args := wire.Raw(c.Object())
		u.out.ToolStart(c.ID, c.Name, args)
		err := u.loops.begin(i, c.Name, args)
		if problem := badCall(i, c); problem != "" && err == nil {
			err = errors.New(problem)
		}
		if err != nil {
			done <- outcome{i, nil, err}
			continue
		}
		go func() { done <- u.run(agent.ForCall(ctx, c.ID), i, c.Name, args) }()
	}
	results := make([]model.Result, len(calls))
	for range calls {
		select {
		case o := <-done:
			c := calls[o.at]
			result, isError := o.result, o.err != nil
			if isError {
				result, _ = wire.Marshal(o.err.Error()) // cannot fail for a string
			}
			u.loops.end(o.at, result, isError)
			u.out.ToolResult(c.ID, c.Name, result, isError)
			results[o.at] = shown(c, result, isError)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	m := model.Message{Role: model.Results}
	for _, r := range results {
		m.Parts = append(m.Parts, r)
		u.out.Keep("toolResult", ResultLine(r, time.Now().UnixMilli()))
	}
	u.entries = append(u.entries, entry{message: m, line: len(u.t.History)})
	return u.loops.over()
}

// badCall is what is wrong with a call before it is made; the model is told.
func badCall(i int, c model.Call) string {
	switch {
	case i >= maxCalls:
		return fmt.Sprintf("not run: at most %d calls at a time", maxCalls)
	case len(c.Args) > maxArgs:
		return fmt.Sprintf("not run: the arguments have %d bytes, at most %d are taken", len(c.Args), maxArgs)
	case !c.Valid():
		return "not run: the arguments are not a JSON object; write them again"
	}
	return ""
}

// run runs one tool. A tool that panics has failed; the rest goes on.
func (u *turn) run(ctx context.Context, at int, name string, args wire.Raw) (o outcome) {
	o.at = at
	defer func() {
		if p := recover(); p != nil {
			u.r.Log.Error("a tool panicked", "run", u.t.RunID, "tool", name, "panic", p)
			o.err = fmt.Errorf("tool %s crashed", name)
		}
	}()
	o.result, o.err = u.t.Tool(ctx, name, args)
	return o
}

// shown is what the model sees of a result: texts and pictures where it is made of those, else the JSON that it is.
func shown(c model.Call, result wire.Raw, isError bool) model.Result {
	r := model.Result{ID: c.ID, Name: c.Name, IsError: isError}
	var object struct {
		Content []struct {
			Type, Text, MimeType string
			Data                 []byte
		} `json:"content"`
	}
	var text string
	switch {
	case json.Unmarshal(result, &text) == nil:
		r.Text = text
	case json.Unmarshal(result, &object) == nil && len(object.Content) > 0:
		for _, p := range object.Content {
			switch p.Type {
			case "text":
				r.Text += p.Text
			case "image":
				r.Images = append(r.Images, model.Image{MIME: p.MimeType, Data: p.Data})
			}
		}
	default:
		r.Text = string(result)
	}
	if len(r.Text) > maxResult {
		r.Text = strings.ToValidUTF8(r.Text[:maxResult], "") + "\n…(truncated)…"
	}
	return r
}
