package computer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/providers/chromium"
)

// bridgeName is the function by which a page reaches the node. The page's own helper looks for the object that bridgeJS
// puts in front of it (bridge-canvas 5.5).
const (
	bridgeName = "__clawdbotNodeAction"
	bridgeJS   = `globalThis.clawdbotCanvasA2UIAction ??= {postMessage: (m) => { globalThis.` + bridgeName + `(typeof m === "string" ? m : JSON.stringify(m)) }};`
)

// maxAction bounds what a page says at once, in bytes.
const maxAction = 64 << 10

// actionTime is how long the gateway is waited for.
const actionTime = 10 * time.Second

// AgentRequest is the payload of the event agent.request (bridge-canvas 5.8).
type AgentRequest struct {
	Message    string `json:"message"`
	SessionKey string `json:"sessionKey"`
	Thinking   string `json:"thinking"`
	Deliver    bool   `json:"deliver"`
	Key        string `json:"key"`
}

// acted passes on what a page says, if it is one of the gateway's: any other page that the agent was sent to must not be
// able to speak to it as its owner. The page hears whether that worked.
func (v *canvas) acted(ctx context.Context, p chromium.Page, text string) error {
	ctx, cancel := context.WithTimeout(ctx, actionTime)
	defer cancel()
	if len(text) > maxAction {
		return errors.New("too much at once")
	}
	origin, err := eval(ctx, p, "location.origin")
	if err != nil {
		return err
	}
	u, err := url.Parse(v.o.CanvasHost())
	if err != nil || u.Host == "" || plainText(origin) != u.Scheme+"://"+u.Host {
		v.o.Log.Warn("a page that is not the gateway's canvas wanted to speak to the agent", "origin", tidy(plainText(origin), maxTitle))
		return errors.New("only pages of the gateway's canvas can speak to the agent")
	}
	id, request, ok := v.request([]byte(text))
	if !ok {
		return errors.New("no user action with a name")
	}
	problem := ""
	if err := v.o.Event(ctx, "agent.request", request); err != nil {
		problem = "bridge not connected"
	}
	status, err := json.Marshal(map[string]any{"id": id, "ok": problem == "", "error": problem})
	if err == nil {
		_, err = eval(ctx, p, `dispatchEvent(new CustomEvent("clawdbot:a2ui-action-status", {detail: `+string(status)+`}))`)
	}
	return err
}

// request makes the agent's request of a user action.
func (v *canvas) request(text []byte) (id string, r AgentRequest, ok bool) {
	type action struct {
		ID                string          `json:"id"`
		Name              string          `json:"name"`
		Action            string          `json:"action"`
		SurfaceID         string          `json:"surfaceId"`
		SourceComponentID string          `json:"sourceComponentId"`
		Context           json.RawMessage `json:"context"`
	}
	var wrapped struct {
		UserAction *action `json:"userAction"`
		action
	}
	if json.Unmarshal(text, &wrapped) != nil {
		return "", r, false
	}
	a := wrapped.action
	if wrapped.UserAction != nil {
		a = *wrapped.UserAction
	}
	name := strings.TrimSpace(a.Name)
	if name == "" {
		name = strings.TrimSpace(a.Action)
	}
	if name == "" {
		return "", r, false
	}
	if a.ID = strings.TrimSpace(a.ID); a.ID == "" {
		a.ID = uuid.NewString()
	}
	if strings.TrimSpace(a.SurfaceID) == "" {
		a.SurfaceID = "main"
	}
	words := []string{
		"CANVAS_A2UI", "action=" + tag(name), "session=main", "surface=" + tag(a.SurfaceID), "component=" + tag(a.SourceComponentID),
		"host=" + tag(v.o.Name), "instance=" + tag(strings.ToLower(v.o.Instance)),
	}
	var compact bytes.Buffer
	if context := bytes.TrimSpace(a.Context); len(context) > 0 && context[0] == '{' && json.Compact(&compact, context) == nil {
		words = append(words, "ctx="+compact.String())
	}
	return a.ID, AgentRequest{
		Message: strings.Join(append(words, "default=update_canvas"), " "), SessionKey: "main", Thinking: "low", Key: a.ID,
	}, true
}

// tag makes one word of a text.
func tag(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("_-.:", r) {
			return r
		}
		return '_'
	}, strings.TrimSpace(s))
	if s == "" {
		return "-"
	}
	return s
}
