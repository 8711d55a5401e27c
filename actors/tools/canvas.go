package tools

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/canvas/a2ui"
	"github.com/clawdbot/gateway/transport/wire"
)

// canvasArgs are the parameters of the tool canvas, those of all actions together.
type canvasArgs struct {
	Action    string   `json:"action"`
	Node      string   `json:"node"`
	TimeoutMs *int64   `json:"timeoutMs"`
	Target    string   `json:"target"`
	URL       string   `json:"url"`
	X         *float64 `json:"x"`
	Y         *float64 `json:"y"`
	Width     *float64 `json:"width"`
	Height    *float64 `json:"height"`

	JavaScript   string   `json:"javaScript"`
	OutputFormat string   `json:"outputFormat"`
	MaxWidth     *int64   `json:"maxWidth"`
	Quality      *float64 `json:"quality"`

	JSONL     string   `json:"jsonl"`
	JSONLPath string   `json:"jsonlPath"`
	Messages  wire.Raw `json:"messages"`
}

// CanvasActions are those of the tool canvas.
const CanvasActions = "present, hide, navigate, eval, snapshot, a2ui_push, a2ui_reset"

// Canvas is the tool canvas: {"action": "present", ...}. Without a node it is the connected one that has a canvas, else the
// web page.
func Canvas(ctx context.Context, o Options, raw wire.Raw) (wire.Raw, error) {
	var a canvasArgs
	if err := wire.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("canvas: %w", err)
	}
	switch strings.ReplaceAll(a.Action, ".", "_") {
	case "present":
		p := map[string]any{}
		if at := orElse(a.URL, a.Target); at != "" {
			p["url"] = at
		}
		if at := a.placement(); len(at) > 0 {
			p["placement"] = at
		}
		return a.plain(ctx, o, "canvas.present", p)
	case "hide":
		return a.plain(ctx, o, "canvas.hide", struct{}{})
	case "navigate":
		at := orElse(a.URL, a.Target)
		if at == "" {
			return nil, errors.New("canvas: navigate needs url")
		}
		return a.plain(ctx, o, "canvas.navigate", map[string]string{"url": at})
	case "eval":
		if strings.TrimSpace(a.JavaScript) == "" {
			return nil, errors.New("canvas: eval needs javaScript")
		}
		return a.plain(ctx, o, "canvas.eval", map[string]string{"javaScript": a.JavaScript})
	case "snapshot":
		return a.snapshot(ctx, o)
	case "a2ui_push", "a2ui_pushJSONL":
		return a.push(ctx, o)
	case "a2ui_reset":
		return a.plain(ctx, o, "canvas.a2ui.reset", struct{}{})
	}
	return nil, fmt.Errorf("canvas: unknown action %.40q; there are %s", a.Action, CanvasActions)
}

func orElse(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		return strings.TrimSpace(otherwise)
	}
	return strings.TrimSpace(s)
}

func (a canvasArgs) placement() map[string]float64 {
	at := map[string]float64{}
	for key, v := range map[string]*float64{"x": a.X, "y": a.Y, "width": a.Width, "height": a.Height} {
		if v != nil {
			at[key] = *v
		}
	}
	return at
}

// plain carries out a command whose answer is passed on as it is.
func (a canvasArgs) plain(ctx context.Context, o Options, command string, params any) (wire.Raw, error) {
	device, err := o.Device(ctx, a.Node, command)
	if err != nil {
		return nil, err
	}
	answer, err := o.Invoke(ctx, device, command, params, a.TimeoutMs)
	if err != nil {
		return nil, err
	}
	if err := refused(answer); err != nil {
		return nil, err
	}
	return wire.Marshal(result{OK: true, Node: device, Command: command, Payload: answer})
}

// result is what a tool answers when there is nothing to look at.
type result struct {
	OK      bool     `json:"ok"`
	Node    string   `json:"node"`
	Command string   `json:"command"`
	Payload wire.Raw `json:"payload,omitzero"`
}

// refused is the error of an A2UI command that a device could not carry out: it answers well and says no.
func refused(answer wire.Raw) error {
	var r struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	if wire.Unmarshal(answer, &r) == nil && r.OK != nil && !*r.OK {
		return errors.New("the device refused: " + orElse(r.Error, "it does not say why"))
	}
	return nil
}

// push judges A2UI messages and sends them.
func (a canvasArgs) push(ctx context.Context, o Options) (wire.Raw, error) {
	if len(a.Messages) > 0 && string(a.Messages) != "null" {
		list, err := a2ui.List(a.Messages)
		if err == nil {
			err = a2ui.Check(list)
		}
		if err != nil {
			return nil, err
		}
		return a.plain(ctx, o, "canvas.a2ui.push", map[string]wire.Raw{"messages": a2ui.Array(list)})
	}
	jsonl := a.JSONL
	if strings.TrimSpace(jsonl) == "" && a.JSONLPath != "" {
		var err error
		if jsonl, err = o.file(a.JSONLPath); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(jsonl) == "" {
		return nil, errors.New("jsonl or jsonlPath required")
	}
	if err := CheckJSONL(jsonl); err != nil {
		return nil, err
	}
	return a.plain(ctx, o, "canvas.a2ui.pushJSONL", map[string]string{"jsonl": jsonl})
}

// CheckJSONL says what is wrong with a push before it goes out.
func CheckJSONL(jsonl string) error {
	list, err := a2ui.JSONL(jsonl)
	if err != nil {
		return err
	}
	return a2ui.Check(list)
}

// file reads one of the workspace, and nothing that a link leads to outside of it.
func (o Options) file(name string) (string, error) {
	if o.Workspace == nil {
		return "", errors.New("jsonlPath: there is no workspace")
	}
	dir := o.Workspace()
	if filepath.IsAbs(name) {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return "", errors.New("jsonlPath: the file is not in the workspace")
		}
		name = rel
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("jsonlPath: %w", err)
	}
	defer root.Close()
	if info, err := root.Stat(name); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("jsonlPath: %.200q is no file of the workspace", name)
	}
	f, err := root.Open(name)
	if err != nil {
		return "", fmt.Errorf("jsonlPath: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, a2ui.MaxBytes+1))
	return string(b), err
}

func (a canvasArgs) snapshot(ctx context.Context, o Options) (wire.Raw, error) {
	format := "png"
	switch strings.ToLower(a.OutputFormat) {
	case "jpg", "jpeg":
		format = "jpeg"
	case "", "png":
	default:
		return nil, fmt.Errorf("canvas: outputFormat is png or jpg, not %.20q", a.OutputFormat)
	}
	p := map[string]any{"format": format}
	if a.MaxWidth != nil {
		p["maxWidth"] = *a.MaxWidth
	}
	if a.Quality != nil {
		p["quality"] = *a.Quality
	}
	device, err := o.Device(ctx, a.Node, "canvas.snapshot")
	if err != nil {
		return nil, err
	}
	answer, err := o.Invoke(ctx, device, "canvas.snapshot", p, a.TimeoutMs)
	if err != nil {
		return nil, err
	}
	return o.media(answer, "canvas", "image/")
}

// media makes the result of what a device has taken: a file, and a picture itself. family is "image/" or "video/".
func (o Options) media(answer wire.Raw, name, family string) (wire.Raw, error) {
	var m struct {
		Format string `json:"format"`
		Base64 string `json:"base64"`
	}
	if err := wire.Unmarshal(answer, &m); err != nil || m.Format == "" || m.Base64 == "" {
		return nil, errors.New("the device answered without format and base64")
	}
	data, err := base64.StdEncoding.DecodeString(m.Base64)
	if err != nil {
		return nil, errors.New("the device answered with base64 that cannot be read")
	}
	kind := strings.ToLower(m.Format)
	if kind == "jpg" {
		kind = "jpeg"
	}
	content := []map[string]any{}
	if o.Save != nil {
		path, err := o.Save(family+kind, name+"."+strings.Replace(kind, "jpeg", "jpg", 1), data)
		if err != nil {
			return nil, err
		}
		content = append(content, map[string]any{"type": "text", "text": "MEDIA:" + path})
	}
	if family == "image/" {
		content = append(content, map[string]any{"type": "image", "mimeType": family + kind, "data": m.Base64})
	}
	details := map[string]wire.Raw{}
	_ = wire.Unmarshal(answer, &details) // it was read above
	delete(details, "base64")
	return wire.Marshal(map[string]any{"content": content, "details": details})
}
