package computer

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

// maxVideo is the size in bytes from which a recording ends: what it is in base64 must fit into one line of the bridge.
const maxVideo = 40 << 20

// toolTime is how long a tool may take beyond what it records.
const toolTime = 20 * time.Second

// Bounds of a recording in ms, as the reference's nodes have them.
const (
	shortest = 250
	longest  = 60_000
)

// Recording is the answer of screen.record and camera.clip. It has what was done, not what was asked for. Sound is never
// in it.
type Recording struct {
	Format      string   `json:"format"` // mp4
	Base64      string   `json:"base64"`
	DurationMs  int64    `json:"durationMs"`
	FPS         *float64 `json:"fps,omitempty"`
	ScreenIndex *int64   `json:"screenIndex,omitempty"`
	HasAudio    bool     `json:"hasAudio"`
}

// screenTool is the program that records this desktop, "" when there is none.
func (c *Computer) screenTool() string {
	name := ""
	switch {
	case c.o.OS == "darwin", c.o.Getenv("DISPLAY") != "" && c.o.Getenv("WAYLAND_DISPLAY") == "":
		name = "ffmpeg"
	case c.o.Getenv("WAYLAND_DISPLAY") != "":
		name = "wf-recorder"
	default:
		return ""
	}
	path, err := c.o.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

func (c *Computer) screenReady() error {
	if !c.o.Screen {
		return refuse(unavailable, "SCREEN_PERMISSION_REQUIRED: grant Screen Recording permission; the owner of this computer starts it with --screen")
	}
	if c.screenTool() == "" {
		return refuse(unavailable, "UNAVAILABLE: screen capture unavailable: no display, or no ffmpeg (X11, macOS) or wf-recorder (Wayland) on this computer")
	}
	return nil
}

func (c *Computer) screenRecord(ctx context.Context, params []byte) (any, error) {
	p := decodeOr[struct {
		ScreenIndex *int64   `json:"screenIndex"`
		DurationMs  *int64   `json:"durationMs"`
		FPS         *float64 `json:"fps"`
		Format      string   `json:"format"`
	}](params)
	if p.Format != "" && !strings.EqualFold(p.Format, "mp4") {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: screen format must be mp4")
	}
	duration, fps, index := clamp(p.DurationMs, 10_000, shortest, longest), clamp(p.FPS, 10, 1, 60), clamp(p.ScreenIndex, 0, -1, 1<<16)
	if index < 0 || index != 0 && c.o.OS != "darwin" {
		return nil, refuse(unavailable, "Invalid screen index %d", index)
	}
	if err := c.screen.enter(ctx); err != nil {
		return nil, err
	}
	defer c.screen.leave()
	out, remove, err := c.scratch("screen-*.mp4")
	if err != nil {
		return nil, err
	}
	defer remove()
	tool, rate := c.screenTool(), strconv.FormatFloat(fps, 'f', -1, 64)
	if filepath.Base(tool) == "wf-recorder" {
		err = c.until(ctx, duration, tool, "--overwrite", "--framerate", rate, "--file", out)
	} else {
		source := []string{"-f", "x11grab", "-framerate", rate, "-i", c.o.Getenv("DISPLAY")}
		if c.o.OS == "darwin" {
			source = []string{"-f", "avfoundation", "-framerate", rate, "-capture_cursor", "1", "-i", fmt.Sprintf("Capture screen %d:none", index)}
		}
		err = c.ffmpeg(ctx, duration, append(source, encode(duration, out)...)...)
	}
	if err != nil {
		return nil, err
	}
	video, err := c.read(out, maxVideo+maxVideo/8)
	if err != nil {
		return nil, err
	}
	return Recording{Format: "mp4", Base64: video, DurationMs: duration, FPS: &fps, ScreenIndex: &index}, nil
}

// encode are the arguments after the source: a video that every player shows, of even size, in so many ms.
func encode(ms int64, out string) []string {
	return []string{
		"-t", seconds(ms), "-an", "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
		"-fs", strconv.Itoa(maxVideo), "-f", "mp4", out,
	}
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) }

// ffmpeg runs it with a time limit beyond what it records.
func (c *Computer) ffmpeg(ctx context.Context, ms int64, args ...string) error {
	path, err := c.o.LookPath("ffmpeg")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(ms)*time.Millisecond+toolTime)
	defer cancel()
	_, err = c.tool(ctx, path, append([]string{"-hide_banner", "-nostdin", "-loglevel", "error", "-y"}, args...)...)
	return err
}

// until runs a recorder that goes on until it is interrupted.
func (c *Computer) until(ctx context.Context, ms int64, path string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(ms)*time.Millisecond+toolTime)
	defer cancel()
	cmd := exec.Command(path, args...)
	cmd.Env = child.Environ(c.o.Getenv)
	done := make(chan outcome, 1)
	ready := make(chan struct{})
	go func() { done <- executeThen(ctx, cmd, toolOutput, func() { close(ready) }) }()
	var o outcome
	select {
	case o = <-done: // it did not start, or ended by itself
	case <-ready:
		t := time.NewTimer(time.Duration(ms) * time.Millisecond)
		defer t.Stop()
		select {
		case o = <-done:
		case <-t.C:
			_ = signalGroup(cmd, syscall.SIGINT)
			o = <-done
		}
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s did not end in time", filepath.Base(path))
	case o.err != nil:
		return o.err
	case o.exit > 0:
		return fmt.Errorf("%s failed (exit code %d): %s", filepath.Base(path), o.exit, tidy(lastLine(o.stderr.String()), maxTitle))
	}
	return nil
}

// scratch makes a file for a tool to write.
func (c *Computer) scratch(pattern string) (path string, remove func(), err error) {
	f, err := os.CreateTemp(c.o.Dir, pattern) // mode 0600
	if err != nil {
		return "", nil, err
	}
	f.Close()
	return f.Name(), func() { _ = os.Remove(f.Name()) }, nil
}

// read is a finished file in base64.
func (c *Computer) read(path string, limit int64) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case info.Size() == 0:
		return "", refuse(unavailable, "No frames captured")
	case info.Size() > limit:
		return "", refuse(unavailable, "UNAVAILABLE: the recording has %d bytes, more than %d; take a shorter one", info.Size(), limit)
	}
	b, err := os.ReadFile(path)
	return base64.StdEncoding.EncodeToString(b), err
}
