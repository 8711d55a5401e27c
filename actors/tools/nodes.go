package tools

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// nodesArgs are the parameters of the tool nodes, those of all actions together.
type nodesArgs struct {
	Action    string   `json:"action"`
	Node      string   `json:"node"`
	TimeoutMs *int64   `json:"timeoutMs"`
	Name      string   `json:"displayName"`
	RequestID string   `json:"requestId"`
	Invoke    string   `json:"invokeCommand"` // invoke
	Params    wire.Raw `json:"params"`

	Title    string `json:"title"` // notify
	Body     string `json:"body"`
	Sound    string `json:"sound"`
	Priority string `json:"priority"`
	Delivery string `json:"delivery"`

	Facing       string   `json:"facing"` // camera, screen
	MaxWidth     *int64   `json:"maxWidth"`
	Quality      *float64 `json:"quality"`
	DelayMs      *int64   `json:"delayMs"`
	DeviceID     string   `json:"deviceId"`
	DurationMs   *int64   `json:"durationMs"`
	FPS          *float64 `json:"fps"`
	ScreenIndex  *int64   `json:"screenIndex"`
	IncludeAudio *bool    `json:"includeAudio"`

	MaxAgeMs        *int64 `json:"maxAgeMs"` // location
	DesiredAccuracy string `json:"desiredAccuracy"`

	Command          []string          `json:"command"` // run: the program and its arguments
	Cwd              string            `json:"cwd"`
	Env              map[string]string `json:"env"`
	CommandTimeoutMs *int64            `json:"commandTimeoutMs"`
}

// NodesActions are those of the tool nodes.
const NodesActions = "status, describe, pending, approve, reject, rename, invoke, notify, run, location_get, camera_list, camera_snap, camera_clip, screen_record"

// Nodes is the tool nodes: {"action": "notify", "node": "Desk", ...}.
func Nodes(ctx context.Context, o Options, raw wire.Raw) (wire.Raw, error) {
	var a nodesArgs
	if err := wire.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	switch strings.ReplaceAll(a.Action, ".", "_") {
	case "status", "list":
		return o.Call(ctx, "node.list", struct{}{})
	case "pending":
		return o.Call(ctx, "node.pair.list", struct{}{})
	case "approve":
		return o.Call(ctx, "node.pair.approve", wire.NodePairApproveParams{RequestID: a.RequestID})
	case "reject":
		return o.Call(ctx, "node.pair.reject", wire.NodePairRejectParams{RequestID: a.RequestID})
	case "describe", "rename":
		id, err := o.Device(ctx, a.Node, "")
		if err != nil {
			return nil, err
		}
		if a.Action == "rename" {
			return o.Call(ctx, "node.rename", wire.NodeRenameParams{NodeID: id, DisplayName: a.Name})
		}
		return o.Call(ctx, "node.describe", wire.NodeDescribeParams{NodeID: id})
	}
	return a.device(ctx, o)
}

// device are the actions that a device carries out.
func (a nodesArgs) device(ctx context.Context, o Options) (wire.Raw, error) {
	switch strings.ReplaceAll(a.Action, ".", "_") {
	case "invoke":
		if strings.TrimSpace(a.Invoke) == "" {
			return nil, errors.New("nodes: invoke needs invokeCommand, and params where the command has some")
		}
		params := any(a.Params)
		if len(a.Params) == 0 {
			params = struct{}{}
		}
		return canvasArgs{Node: a.Node, TimeoutMs: a.TimeoutMs}.plain(ctx, o, a.Invoke, params)
	case "notify":
		if strings.TrimSpace(a.Title+a.Body) == "" {
			return nil, errors.New("nodes: notify needs title or body")
		}
		p := map[string]any{"title": a.Title, "body": a.Body} // a Mac refuses one without the other
		return a.plain(ctx, o, "system.notify", with(p, "sound", a.Sound, "priority", a.Priority, "delivery", a.Delivery))
	case "run":
		if len(a.Command) == 0 {
			return nil, errors.New(`nodes: run needs command, a list: ["ls", "-l"]`)
		}
		p := with(map[string]any{"command": a.Command}, "cwd", a.Cwd)
		if len(a.Env) > 0 {
			p["env"] = a.Env
		}
		return a.plain(ctx, o, "system.run", number(p, "timeoutMs", a.CommandTimeoutMs))
	case "location_get":
		p := with(map[string]any{}, "desiredAccuracy", a.DesiredAccuracy)
		return a.plain(ctx, o, "location.get", number(p, "maxAgeMs", a.MaxAgeMs))
	case "camera_list":
		return a.plain(ctx, o, "camera.list", struct{}{})
	case "camera_snap":
		return a.snap(ctx, o)
	case "camera_clip":
		return a.film(ctx, o, "camera.clip", with(map[string]any{"format": "mp4"}, "facing", a.Facing, "deviceId", a.DeviceID))
	case "screen_record":
		p := number(map[string]any{"format": "mp4"}, "screenIndex", a.ScreenIndex)
		if a.FPS != nil {
			p["fps"] = *a.FPS
		}
		return a.film(ctx, o, "screen.record", p)
	}
	return nil, fmt.Errorf("nodes: unknown action %.40q; there are %s", a.Action, NodesActions)
}

func (a nodesArgs) plain(ctx context.Context, o Options, command string, params any) (wire.Raw, error) {
	return canvasArgs{Node: a.Node, TimeoutMs: a.TimeoutMs}.plain(ctx, o, command, params)
}

// snap takes a picture. Facing "both" is refused: it is two calls.
func (a nodesArgs) snap(ctx context.Context, o Options) (wire.Raw, error) {
	p := with(map[string]any{"format": "jpg"}, "facing", a.Facing, "deviceId", a.DeviceID)
	if a.Quality != nil {
		p["quality"] = *a.Quality
	}
	return a.take(ctx, o, "camera.snap", number(number(p, "maxWidth", a.MaxWidth), "delayMs", a.DelayMs), "image/")
}

func (a nodesArgs) film(ctx context.Context, o Options, command string, p map[string]any) (wire.Raw, error) {
	if a.IncludeAudio != nil {
		p["includeAudio"] = *a.IncludeAudio
	}
	return a.take(ctx, o, command, number(p, "durationMs", a.DurationMs), "video/")
}

func (a nodesArgs) take(ctx context.Context, o Options, command string, p any, family string) (wire.Raw, error) {
	if a.Facing != "" && a.Facing != "front" && a.Facing != "back" {
		return nil, fmt.Errorf("nodes: facing is front or back, not %.20q", a.Facing)
	}
	device, err := o.Device(ctx, a.Node, command)
	if err != nil {
		return nil, err
	}
	answer, err := o.Invoke(ctx, device, command, p, a.TimeoutMs)
	if err != nil {
		return nil, err
	}
	return o.media(answer, strings.ReplaceAll(command, ".", "-"), family)
}

// with adds texts that are not empty; pairs are a name and a value.
func with(p map[string]any, pairs ...string) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			p[pairs[i]] = pairs[i+1]
		}
	}
	return p
}

func number(p map[string]any, name string, v *int64) map[string]any {
	if v != nil {
		p[name] = *v
	}
	return p
}
