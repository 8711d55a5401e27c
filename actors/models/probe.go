package models

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// probeLimit bounds a probe with all its requests: a call is answered within 30 s.
const probeLimit = 25 * time.Second

// probe has a model answer a few words. It is one small request, and one more for each thing that it is to show.
func (r *Registry) probe(ctx context.Context, p wire.ModelsProbeParams) wire.ModelsProbeResult {
	ctx, cancel := context.WithTimeoutCause(ctx, probeLimit, &model.Error{Kind: model.Unreachable, Message: "no answer within " + probeLimit.String()})
	defer cancel()
	out := wire.ModelsProbeResult{Model: p.Model}
	t, err := r.Resolve(ctx, p.Model)
	if err != nil {
		out.Kind, out.Error = kindOrInvalid(err), err.Error()
		return out
	}
	t = forced(t)
	begin := time.Now()
	_, err = t.API.Stream(ctx, asking(t, model.Text{Text: "Answer with the one word: ok"}), func(model.Event) {})
	out.LatencyMs = time.Since(begin).Milliseconds()
	if err != nil {
		out.Kind, out.Error = kindOrInvalid(err), err.Error()
		return out
	}
	out.OK = true
	if p.Tools {
		out.Tools = callsTool(ctx, t)
	}
	if p.Images {
		out.Images = takesPicture(ctx, t)
	}
	return out
}

func kindOrInvalid(err error) string {
	if e, ok := errors.AsType[*model.Error](err); ok {
		return string(e.Kind)
	}
	return string(model.Invalid)
}

// asking is a small request.
func asking(t Target, parts ...model.Part) model.Request {
	return model.Request{Model: t.Model, Messages: []model.Message{{Role: model.User, Parts: parts}}, MaxTokens: 64, Session: "probe"}
}

// callsTool: yes when the model called the tool that it was asked to call, no when the server refuses tools, unknown when
// it only talked.
func callsTool(ctx context.Context, t Target) string {
	r := asking(t, model.Text{Text: "Call the tool named ping now. Do not write anything else."})
	r.Tools = []model.Tool{{Name: "ping", Description: "Says that you are there.", Schema: json.RawMessage(`{"type":"object","properties":{}}`)}}
	reply, err := t.API.Stream(ctx, r, func(model.Event) {})
	switch {
	case err == nil && len(reply.Message.Calls()) > 0:
		return "yes"
	case model.KindOf(err) == model.Invalid:
		return "no"
	}
	return "unknown"
}

// dot is a picture of one pixel.
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// takesPicture: yes when a picture was taken, no when the server refuses it. A server may take one that its model cannot see.
func takesPicture(ctx context.Context, t Target) string {
	data, err := base64.StdEncoding.DecodeString(dot)
	if err != nil {
		return "unknown"
	}
	_, err = t.API.Stream(ctx, asking(t, model.Text{Text: "Name a colour."}, model.Image{MIME: "image/png", Data: data}), func(model.Event) {})
	switch {
	case err == nil:
		return "yes"
	case model.KindOf(err) == model.Invalid:
		return "no"
	}
	return "unknown"
}
