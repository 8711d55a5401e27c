package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxMedia is the largest file that is written of a node's answer, in bytes.
const maxMedia = 96 << 20

// extensions are the media that nodes send, by what their content says that they are.
var extensions = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "video/mp4": ".mp4"}

// nodeMedia is what the answers with a picture or a video have in common.
type nodeMedia struct {
	Format     string `json:"format"`
	Base64     string `json:"base64"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
	DurationMs int64  `json:"durationMs"`
	HasAudio   bool   `json:"hasAudio"`
}

// savedMedia is a file as --json prints it.
type savedMedia struct {
	NodeID     string `json:"nodeId"`
	Path       string `json:"path"`
	Format     string `json:"format"`
	Facing     string `json:"facing,omitzero"`
	Bytes      int    `json:"bytes"`
	Width      int    `json:"width,omitzero"`
	Height     int    `json:"height,omitzero"`
	DurationMs int64  `json:"durationMs,omitzero"`
	HasAudio   *bool  `json:"hasAudio,omitzero"`
}

// saveMedia writes the file of an answer. What it is is read from its content, not from what the node calls it: kind is
// "image" or "video". Nobody else on this host can read it.
func saveMedia(r invoked, kind, out, name string) (s savedMedia, err error) {
	var m nodeMedia
	if err := wire.Unmarshal(r.Payload, &m); err != nil || m.Base64 == "" || m.Format == "" {
		return s, fmt.Errorf("%s: the node's answer has no file in it (try: clawdbot nodes invoke)", r.Command)
	}
	if base64.StdEncoding.DecodedLen(len(m.Base64)) > maxMedia {
		return s, fmt.Errorf("%s: the node's file is larger than %d MiB", r.Command, maxMedia>>20)
	}
	b, err := base64.StdEncoding.DecodeString(m.Base64)
	if err != nil {
		return s, fmt.Errorf("%s: the node's file is damaged: %w", r.Command, err)
	}
	is := http.DetectContentType(b)
	extension := extensions[is]
	if extension == "" || !strings.HasPrefix(is, kind+"/") {
		return s, fmt.Errorf("%s: the node calls it %s, but it is %s; it is not kept", r.Command, oneLine(m.Format), is)
	}
	s = savedMedia{NodeID: r.NodeID, Format: m.Format, Bytes: len(b), Width: m.Width, Height: m.Height, DurationMs: m.DurationMs}
	if kind == "video" {
		s.HasAudio = &m.HasAudio
	}
	if out != "" {
		if s.Path, err = filepath.Abs(out); err == nil {
			err = file.Replace(s.Path, b)
		}
		return s, err
	}
	f, err := os.CreateTemp("", "clawdbot-"+name+"-*"+extension) // mode 0600
	if err != nil {
		return s, err
	}
	s.Path = f.Name()
	_, err = f.Write(b)
	return s, errors.Join(err, f.Close())
}

// mediaCommand has a node make files, and prints where they are. Each call is one set of parameters; with more than one,
// name says which is which.
func (a *app) mediaCommand(c *cobra.Command, n *nodeFlags, kind, command string, calls func() ([]mediaCall, error)) *cobra.Command {
	var out string
	c.Args = cobra.NoArgs
	c.Flags().StringVar(&out, "out", "", "write the file there (default: a new one in the directory for temporary files)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		all, err := calls()
		if err != nil {
			return err
		}
		if out != "" && len(all) > 1 {
			return usage("--out is for one file; say --facing front or --facing back")
		}
		saved := []savedMedia{}
		for _, call := range all {
			one := *n
			if one.key != "" && len(all) > 1 {
				one.key += "-" + call.facing
			}
			r, err := a.invokeNode(c, one, command, call.params)
			if err != nil {
				return err
			}
			s, err := saveMedia(r, kind, out, strings.Trim(strings.ReplaceAll(command, ".", "-")+"-"+call.facing, "-"))
			if err != nil {
				return err
			}
			s.Facing = call.facing
			saved = append(saved, s)
			if !n.json {
				fmt.Fprintln(a.out, s.Path)
			}
		}
		if !n.json {
			return nil
		}
		return printValue(a.out, map[string]any{"files": saved})
	}
	return c
}

type mediaCall struct {
	facing string
	params map[string]any
}

// facings are one call for each side that is asked for.
func facings(facing string, params map[string]any) ([]mediaCall, error) {
	sides := []string{facing}
	switch facing {
	case "both":
		sides = []string{"front", "back"}
	case "front", "back":
	default:
		return nil, usage("--facing is front, back or both, not %q", facing)
	}
	var all []mediaCall
	for _, side := range sides {
		p := map[string]any{"facing": side}
		for k, v := range params {
			p[k] = v
		}
		all = append(all, mediaCall{side, p})
	}
	return all, nil
}

// given collects the parameters whose flags were given.
func given(c *cobra.Command, flags map[string]string, values map[string]any) map[string]any {
	p := map[string]any{}
	for flag, name := range flags {
		if c.Flags().Changed(flag) {
			p[name] = values[name]
		}
	}
	return p
}

func (a *app) nodesCameraCommand() *cobra.Command {
	return group("camera", "Use a node's camera", a.cameraListCommand(), a.cameraSnapCommand(), a.cameraClipCommand())
}

func (a *app) cameraListCommand() *cobra.Command {
	var n nodeFlags
	c := &cobra.Command{Use: "list", Short: "List the cameras of a node", Args: cobra.NoArgs}
	n.register(c, 15*time.Second)
	return a.tell(c, &n, "camera.list", func() (any, error) { return nil, nil }, func(r invoked) error {
		var list struct {
			Devices []struct{ ID, Name, Position, DeviceType string }
		}
		if err := wire.Unmarshal(r.Payload, &list); err != nil {
			return fmt.Errorf("camera.list: the node's answer has another form than this version knows (try --json): %w", err)
		}
		t := a.newTable("ID", "NAME", "POSITION", "TYPE")
		for _, d := range list.Devices {
			t.row(d.ID, d.Name, d.Position, d.DeviceType)
		}
		return t.flush()
	})
}

func (a *app) cameraSnapCommand() *cobra.Command {
	var n nodeFlags
	var facing, device string
	var width int
	var quality float64
	var delay time.Duration
	c := &cobra.Command{Use: "snap", Short: "Take a photo with a node's camera"}
	c.Flags().StringVar(&facing, "facing", "both", "front, back or both")
	c.Flags().StringVar(&device, "device-id", "", "the camera, as nodes camera list calls it")
	c.Flags().IntVar(&width, "max-width", 0, "make it no wider, in pixels")
	c.Flags().Float64Var(&quality, "quality", 0, "0.1 to 1")
	c.Flags().Var((*millis)(&delay), "delay", "let the camera look first, in ms or as 2s")
	n.register(c, 20*time.Second)
	return a.mediaCommand(c, &n, "image", "camera.snap", func() ([]mediaCall, error) {
		p := given(c, map[string]string{"device-id": "deviceId", "max-width": "maxWidth", "quality": "quality", "delay": "delayMs"},
			map[string]any{"deviceId": device, "maxWidth": width, "quality": quality, "delayMs": delay.Milliseconds()})
		p["format"] = "jpg"
		return facings(facing, p)
	})
}

func (a *app) cameraClipCommand() *cobra.Command {
	var n nodeFlags
	var facing, device string
	var silent bool
	length := 3 * time.Second
	c := &cobra.Command{Use: "clip", Short: "Record a short video with a node's camera"}
	c.Flags().StringVar(&facing, "facing", "front", "front or back")
	c.Flags().StringVar(&device, "device-id", "", "the camera, as nodes camera list calls it")
	c.Flags().Var((*millis)(&length), "duration", "how long, in ms or as 10s")
	c.Flags().BoolVar(&silent, "no-audio", false, "without sound")
	n.register(c, 90*time.Second)
	return a.mediaCommand(c, &n, "video", "camera.clip", func() ([]mediaCall, error) {
		if facing == "both" {
			return nil, usage("--facing is front or back")
		}
		p := given(c, map[string]string{"device-id": "deviceId"}, map[string]any{"deviceId": device})
		p["durationMs"], p["includeAudio"], p["format"] = length.Milliseconds(), !silent, "mp4"
		return facings(facing, p)
	})
}

func (a *app) nodesScreenCommand() *cobra.Command {
	var n nodeFlags
	var screen int
	var fps float64
	var silent bool
	length := 10 * time.Second
	c := &cobra.Command{Use: "record", Short: "Record a node's screen"}
	c.Flags().IntVar(&screen, "screen", 0, "which screen, from 0")
	c.Flags().Var((*millis)(&length), "duration", "how long, in ms or as 10s")
	c.Flags().Float64Var(&fps, "fps", 10, "pictures in a second")
	c.Flags().BoolVar(&silent, "no-audio", false, "without sound")
	n.register(c, 120*time.Second)
	a.mediaCommand(c, &n, "video", "screen.record", func() ([]mediaCall, error) {
		return []mediaCall{{params: map[string]any{
			"screenIndex": screen, "durationMs": length.Milliseconds(), "fps": fps, "includeAudio": !silent, "format": "mp4",
		}}}, nil
	})
	return group("screen", "See a node's screen", c)
}

func (a *app) canvasSnapshotCommand() *cobra.Command {
	var n nodeFlags
	var format string
	var width int
	var quality float64
	c := &cobra.Command{Use: "snapshot", Short: "Save a picture of what a node's canvas shows"}
	c.Flags().StringVar(&format, "format", "jpg", "jpg or png")
	c.Flags().IntVar(&width, "max-width", 0, "make it no wider, in pixels")
	c.Flags().Float64Var(&quality, "quality", 0, "0.1 to 1 (jpg)")
	n.register(c, 20*time.Second)
	return a.mediaCommand(c, &n, "image", "canvas.snapshot", func() ([]mediaCall, error) {
		if !slices.Contains([]string{"jpg", "jpeg", "png"}, format) {
			return nil, usage("--format is jpg or png, not %q", format)
		}
		p := given(c, map[string]string{"max-width": "maxWidth", "quality": "quality"}, map[string]any{"maxWidth": width, "quality": quality})
		if p["format"] = format; format == "jpg" {
			p["format"] = "jpeg"
		}
		return []mediaCall{{params: p}}, nil
	})
}
