package computer

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxPhoto is the size in bytes that a photo is compressed to, if need be: 5 MiB in base64.
const maxPhoto = 3_932_160

// Camera is one of the answer of camera.list.
type Camera struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Position   string `json:"position"` // a computer does not know which way a camera looks: unspecified
	DeviceType string `json:"deviceType"`
}

// CameraList is the answer of camera.list.
type CameraList struct {
	Devices []Camera `json:"devices"`
}

// Photo is the answer of camera.snap.
type Photo struct {
	Format string `json:"format"`
	Base64 string `json:"base64"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func (c *Computer) cameraReady() error {
	if !c.o.Camera {
		return refuse(unavailable, "CAMERA_DISABLED: enable Camera in Settings; the owner of this computer starts it with --camera")
	}
	if _, err := c.o.LookPath("ffmpeg"); err != nil {
		return refuse(unavailable, "UNAVAILABLE: camera not ready: there is no ffmpeg on this computer")
	}
	if c.o.OS != "darwin" && len(c.videoDevices()) == 0 { // macOS has to be asked, which takes a while
		return refuse(unavailable, "Camera unavailable")
	}
	return nil
}

// videoDevices are the cameras that Linux has. A camera has more than one device; the first takes pictures.
func (c *Computer) videoDevices() []Camera {
	dirs, _ := filepath.Glob(filepath.Join(c.o.Sys, "class/video4linux/video*"))
	slices.SortFunc(dirs, func(a, b string) int { return number(a) - number(b) })
	var all []Camera
	for _, dir := range dirs {
		if index, err := os.ReadFile(filepath.Join(dir, "index")); err == nil && strings.TrimSpace(string(index)) != "0" {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(dir, "name"))
		all = append(all, Camera{"/dev/" + filepath.Base(dir), tidy(string(name), maxTitle), "unspecified", "v4l2"})
	}
	return all
}

func number(path string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), "video"))
	return n
}

// avDevice is a line of ffmpeg's list on macOS: "[AVFoundation indev @ 0x1] [0] FaceTime HD Camera".
var avDevice = regexp.MustCompile(`\] \[(\d+)\] (.+)`)

// cameras asks the computer.
func (c *Computer) cameras(ctx context.Context) ([]Camera, error) {
	if c.o.OS != "darwin" {
		return c.videoDevices(), nil
	}
	path, err := c.o.LookPath("ffmpeg")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	text, err := c.tool(ctx, path, "-hide_banner", "-f", "avfoundation", "-list_devices", "true", "-i", "") // fails always, after the list
	if text == "" {
		return nil, err
	}
	var all []Camera
	for line := range strings.Lines(text) {
		if strings.Contains(line, "AVFoundation audio devices") {
			break
		}
		if m := avDevice.FindStringSubmatch(line); m != nil && !strings.HasPrefix(m[2], "Capture screen") {
			all = append(all, Camera{m[1], tidy(m[2], maxTitle), "unspecified", "avfoundation"})
		}
	}
	return all, nil
}

func (c *Computer) cameraList(ctx context.Context, _ []byte) (any, error) {
	all, err := c.cameras(ctx)
	if err != nil {
		return nil, err
	}
	return CameraList{Devices: slices.Concat([]Camera{}, all)}, nil
}

// source are the arguments that name a camera: the one that was asked for, else the first.
func (c *Computer) source(ctx context.Context, id string) ([]string, error) {
	all, err := c.cameras(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, refuse(unavailable, "Camera unavailable")
	}
	camera := all[max(0, slices.IndexFunc(all, func(d Camera) bool { return d.ID == id }))]
	if c.o.OS == "darwin" {
		return []string{"-f", "avfoundation", "-framerate", "30", "-i", camera.ID + ":none"}, nil
	}
	return []string{"-f", "v4l2", "-i", camera.ID}, nil
}

// shoot has the cameras to itself until done is called: source are the arguments that name the one that was asked for, out is
// a file for what it sees.
func (c *Computer) shoot(ctx context.Context, id, pattern string) (source []string, out string, done func(), err error) {
	if err := c.camera.enter(ctx); err != nil {
		return nil, "", nil, err
	}
	source, err = c.source(ctx, id)
	if err != nil {
		c.camera.leave()
		return nil, "", nil, err
	}
	out, remove, err := c.scratch(pattern)
	if err != nil {
		c.camera.leave()
		return nil, "", nil, err
	}
	return source, out, func() { remove(); c.camera.leave() }, nil
}

// warmUp is how long a camera looks before the picture is taken, in ms, when the call does not say: the first pictures are
// too dark.
const warmUp = 1000

func (c *Computer) cameraSnap(ctx context.Context, params []byte) (any, error) {
	p := decodeOr[struct {
		DeviceID string   `json:"deviceId"`
		MaxWidth *int64   `json:"maxWidth"`
		Quality  *float64 `json:"quality"`
		Format   string   `json:"format"`
		DelayMs  *int64   `json:"delayMs"`
	}](params)
	if p.MaxWidth != nil && *p.MaxWidth <= 0 {
		p.MaxWidth = nil
	}
	width, quality, delay := clamp(p.MaxWidth, 1600, 1, 1<<14), clamp(p.Quality, 0.9, 0.05, 1), clamp(p.DelayMs, warmUp, 0, 10_000)
	if p.Format != "jpeg" {
		p.Format = "jpg"
	}
	source, out, done, err := c.shoot(ctx, p.DeviceID, "photo-*.jpg")
	if err != nil {
		return nil, err
	}
	defer done()
	scale := fmt.Sprintf("scale='min(%d,iw)':-2", width)
	err = c.ffmpeg(ctx, delay, append(source, "-ss", seconds(delay), "-frames:v", "1", "-vf", scale, "-q:v", strconv.Itoa(qscale(quality)), "-f", "image2", "-c:v", "mjpeg", out)...)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	return photo(b, p.Format, maxPhoto)
}

// qscale is ffmpeg's number for a quality of 0 to 1: 2 is the best, 31 the worst.
func qscale(quality float64) int { return 2 + int((1-quality)*29) }

// photo makes the answer of a JPEG, and a smaller JPEG first when it is too large.
func photo(b []byte, format string, limit int) (any, error) {
	size, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, refuse(unavailable, "UNAVAILABLE: failed to decode captured image")
	}
	if len(b) > limit {
		var picture image.Image
		if picture, err = jpeg.Decode(bytes.NewReader(b)); err != nil {
			return nil, refuse(unavailable, "UNAVAILABLE: failed to decode captured image")
		}
		for quality := 85; len(b) > limit && quality > 5; quality -= 20 {
			var smaller bytes.Buffer
			if err := jpeg.Encode(&smaller, picture, &jpeg.Options{Quality: quality}); err != nil {
				return nil, refuse(unavailable, "UNAVAILABLE: failed to encode JPEG")
			}
			b = smaller.Bytes()
		}
		if len(b) > limit {
			return nil, refuse(unavailable, "CAMERA_TOO_LARGE: %d bytes > %d bytes", len(b), limit)
		}
	}
	return Photo{Format: format, Base64: base64.StdEncoding.EncodeToString(b), Width: size.Width, Height: size.Height}, nil
}

func (c *Computer) cameraClip(ctx context.Context, params []byte) (any, error) {
	p := decodeOr[struct {
		DeviceID   string `json:"deviceId"`
		DurationMs *int64 `json:"durationMs"`
	}](params)
	duration := clamp(p.DurationMs, 3000, shortest, longest)
	source, out, done, err := c.shoot(ctx, p.DeviceID, "clip-*.mp4")
	if err != nil {
		return nil, err
	}
	defer done()
	if err := c.ffmpeg(ctx, duration, append(source, encode(duration, out)...)...); err != nil {
		return nil, err
	}
	video, err := c.read(out, maxVideo+maxVideo/8)
	if err != nil {
		return nil, err
	}
	return Recording{Format: "mp4", Base64: video, DurationMs: duration}, nil
}
