package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// Devices are the tools canvas and nodes.
func Devices(o Options) []Tool {
	return []Tool{
		{
			Name: "canvas", Group: GroupDevice, Schema: canvasSchema,
			Description: "Show something on a screen: a page, a drawing (A2UI), or a picture of what is there. " +
				"Actions: present (url or target: a file of the canvas directory such as index.html), hide, navigate (url), eval (javaScript), " +
				"snapshot, a2ui_push (jsonl, jsonlPath or messages), a2ui_reset. Without node it is the connected device that has a canvas, " +
				"else the canvas of the web page, which is called \"webchat\".",
			Run: func(ctx context.Context, _ Caller, args wire.Raw) (wire.Raw, error) { return Canvas(ctx, o, args) },
		},
		{
			Name: "nodes", Group: GroupDevice, Schema: nodesSchema, Of: nodesGroup,
			Description: "Use the paired devices (phones, computers). Actions: status (all devices), describe (what one can do), " +
				"notify (title, body), run (command: program and arguments as a list), invoke (invokeCommand, params), location_get, camera_list, " +
				"camera_snap, camera_clip (durationMs), screen_record (durationMs), and for pairing: pending, approve and reject (requestId), rename (displayName).",
			Run: func(ctx context.Context, c Caller, args wire.Raw) (wire.Raw, error) {
				if err := o.approveOnDevice(ctx, c, args); err != nil {
					return nil, err
				}
				return Nodes(ctx, o, args)
			},
		},
	}
}

// nodesGroup: a command on a device is a command, and who may connect is the gateway's business.
func nodesGroup(args wire.Raw) Group {
	var a struct {
		Action        string `json:"action"`
		InvokeCommand string `json:"invokeCommand"`
	}
	if wire.Unmarshal(args, &a) != nil {
		return GroupDevice
	}
	switch strings.ReplaceAll(a.Action, ".", "_") {
	case "run":
		return GroupExec
	case "invoke":
		if strings.HasPrefix(strings.TrimSpace(a.InvokeCommand), "system.") {
			return GroupExec
		}
	case "approve", "reject", "rename":
		return GroupGateway
	}
	return GroupDevice
}

// approveOnDevice asks whether a device may run a command, if the call is one.
func (o Options) approveOnDevice(ctx context.Context, c Caller, args wire.Raw) error {
	if o.Approve == nil || nodesGroup(args) != GroupExec {
		return nil
	}
	var a struct {
		Node    string            `json:"node"`
		Command []string          `json:"command"`
		Cwd     string            `json:"cwd"`
		Env     map[string]string `json:"env"`
		Invoke  string            `json:"invokeCommand"`
		Params  wire.Raw          `json:"params"`
	}
	if err := wire.Unmarshal(args, &a); err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	argv := append([]string{"node:" + a.Node}, a.Command...)
	if a.Invoke != "" {
		argv = []string{"node:" + a.Node, a.Invoke, string(a.Params)}
	}
	return o.Approve(ctx, c, ExecRequest{Argv: argv, Cwd: a.Cwd, Env: EnvList(a.Env)})
}

var canvasSchema = wire.Raw(`{
 "type": "object",
 "properties": {
  "action": {"type": "string", "enum": ["present", "hide", "navigate", "eval", "snapshot", "a2ui_push", "a2ui_reset"]},
  "node": {"type": "string", "description": "device: its name, id or address; \"webchat\" is the web page"},
  "url": {"type": "string", "description": "address, or file of the canvas directory"},
  "target": {"type": "string", "description": "another word for url"},
  "x": {"type": "number"}, "y": {"type": "number"}, "width": {"type": "number"}, "height": {"type": "number"},
  "javaScript": {"type": "string"},
  "outputFormat": {"type": "string", "enum": ["png", "jpg"]},
  "maxWidth": {"type": "integer", "minimum": 1},
  "quality": {"type": "number", "minimum": 0, "maximum": 1},
  "jsonl": {"type": "string", "description": "A2UI messages, one JSON object per line"},
  "jsonlPath": {"type": "string", "description": "file of the workspace with such lines"},
  "messages": {"type": "array", "items": {"type": "object"}, "description": "A2UI messages"},
  "timeoutMs": {"type": "integer", "minimum": 1}
 },
 "required": ["action"],
 "additionalProperties": false
}`)

var nodesSchema = wire.Raw(`{
 "type": "object",
 "properties": {
  "action": {"type": "string", "enum": ["status", "describe", "pending", "approve", "reject", "rename", "invoke", "notify", "run", "location_get", "camera_list", "camera_snap", "camera_clip", "screen_record"]},
  "node": {"type": "string", "description": "device: its name, id or address"},
  "timeoutMs": {"type": "integer", "minimum": 1},
  "displayName": {"type": "string"},
  "requestId": {"type": "string"},
  "invokeCommand": {"type": "string", "description": "a command that describe lists"},
  "params": {"type": "object"},
  "title": {"type": "string"}, "body": {"type": "string"}, "sound": {"type": "string"},
  "priority": {"type": "string", "enum": ["passive", "active", "timeSensitive"]},
  "delivery": {"type": "string", "enum": ["system", "overlay", "auto"]},
  "facing": {"type": "string", "enum": ["front", "back"]},
  "maxWidth": {"type": "integer", "minimum": 1},
  "quality": {"type": "number", "minimum": 0, "maximum": 1},
  "delayMs": {"type": "integer", "minimum": 0},
  "deviceId": {"type": "string", "description": "camera"},
  "durationMs": {"type": "integer", "minimum": 1},
  "fps": {"type": "number", "exclusiveMinimum": 0},
  "screenIndex": {"type": "integer", "minimum": 0},
  "includeAudio": {"type": "boolean"},
  "maxAgeMs": {"type": "integer", "minimum": 0},
  "desiredAccuracy": {"type": "string", "enum": ["coarse", "balanced", "precise"]},
  "command": {"type": "array", "items": {"type": "string"}, "minItems": 1},
  "cwd": {"type": "string"},
  "env": {"type": "object", "additionalProperties": {"type": "string"}},
  "commandTimeoutMs": {"type": "integer", "minimum": 1}
 },
 "required": ["action"],
 "additionalProperties": false
}`)
