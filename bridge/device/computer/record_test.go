package computer

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// picture is a JPEG.
func picture(t *testing.T, w, h, quality int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for x := range w {
		for y := range h {
			m.SetRGBA(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tool is an ffmpeg that notes its arguments and writes the file content to the last one.
func (b *bench) tool(name string, content []byte) (args func() string) {
	b.t.Helper()
	from, log := filepath.Join(b.t.TempDir(), "content"), filepath.Join(b.t.TempDir(), "args")
	if err := os.WriteFile(from, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.script(name, `echo "$@" >"`+log+`"; for last; do :; done; cat "`+from+`" >"$last"`)
	return func() string {
		have, err := os.ReadFile(log)
		if err != nil {
			b.t.Fatal(err)
		}
		return string(have)
	}
}

// nothingLeft: no recording stays on the computer.
func (b *bench) nothingLeft() {
	b.t.Helper()
	if left, err := os.ReadDir(b.o.Dir); err != nil || len(left) != 0 {
		b.t.Errorf("left over: %v %v", left, err)
	}
}

func TestCamera(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Camera = true
	b.camera("video10", "Second", "0")
	b.camera("video2", "First", "0")
	b.camera("video3", "First, what it measures", "1")
	args := b.tool("ffmpeg", picture(t, 40, 20, 80))
	c := New(b.o)
	all := invoke[CameraList](t, c, "camera.list", ``).Devices
	if len(all) != 2 || all[0] != (Camera{"/dev/video2", "First", "unspecified", "v4l2"}) || all[1].ID != "/dev/video10" {
		t.Errorf("%+v", all)
	}
	p := invoke[Photo](t, c, "camera.snap", `{"facing":"front","maxWidth":800,"quality":1,"delayMs":0}`)
	if raw, err := base64.StdEncoding.DecodeString(p.Base64); err != nil || p.Width != 40 || p.Height != 20 || p.Format != "jpg" || len(raw) == 0 {
		t.Errorf("%d %d %s %v", p.Width, p.Height, p.Format, err)
	}
	if a := args(); !strings.Contains(a, "-f v4l2 -i /dev/video2 -ss 0.000 -frames:v 1 -vf scale='min(800,iw)':-2 -q:v 2 ") {
		t.Error(a)
	}
	if p := invoke[Photo](t, c, "camera.snap", `{"deviceId":"/dev/video10","format":"jpeg","maxWidth":-1}`); p.Format != "jpeg" || !strings.Contains(args(), "/dev/video10 -ss 1.000") || !strings.Contains(args(), "min(1600,iw)") {
		t.Errorf("%s %s", p.Format, args())
	}
	if invoke[Photo](t, c, "camera.snap", `{"deviceId":"/etc/passwd"}`); !strings.Contains(args(), "-i /dev/video2 ") {
		t.Error(args())
	}
	b.tool("ffmpeg", []byte("no picture"))
	refused(t, c, "camera.snap", ``, unavailable, "UNAVAILABLE: failed to decode captured image")
	b.script("ffmpeg", "echo first >&2; echo '/dev/video2: Device or resource busy' >&2; exit 1")
	refused(t, c, "camera.snap", ``, unavailable, "ffmpeg failed (exit code 1): /dev/video2: Device or resource busy")

	clip := b.tool("ffmpeg", []byte("a video"))
	v := invoke[Recording](t, c, "camera.clip", `{"durationMs":100,"includeAudio":true}`)
	if v.Format != "mp4" || v.Base64 != base64.StdEncoding.EncodeToString([]byte("a video")) || v.DurationMs != shortest || v.HasAudio || v.FPS != nil {
		t.Errorf("%+v", v)
	}
	if a := clip(); !strings.Contains(a, "-i /dev/video2 -t 0.250 -an") {
		t.Error(a)
	}
	b.nothingLeft()
}

// TestPhoto: what is too large is compressed.
func TestPhoto(t *testing.T) {
	t.Parallel()
	large := picture(t, 300, 300, 100)
	have, err := photo(large, "jpg", len(large)/3)
	if p, ok := have.(Photo); err != nil || !ok || base64.StdEncoding.DecodedLen(len(p.Base64)) > len(large)/3+2 || p.Width != 300 {
		t.Errorf("%v", err)
	}
	if _, err := photo(large, "jpg", 100); err == nil || !strings.HasPrefix(err.Error(), "CAMERA_TOO_LARGE: ") {
		t.Error(err)
	}
}

func TestCamera_mac(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Camera, b.o.OS = true, "darwin"
	b.script("ffmpeg", `cat >&2 <<'END'
[AVFoundation indev @ 0x7f] AVFoundation video devices:
[AVFoundation indev @ 0x7f] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7f] [1] Capture screen 0
[AVFoundation indev @ 0x7f] AVFoundation audio devices:
[AVFoundation indev @ 0x7f] [0] MacBook Pro Microphone
: Input/output error
END
exit 1`)
	all := invoke[CameraList](t, New(b.o), "camera.list", `{}`).Devices
	if len(all) != 1 || all[0] != (Camera{"0", "FaceTime HD Camera", "unspecified", "avfoundation"}) {
		t.Errorf("%+v", all)
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.o.Screen = true
	b.env["DISPLAY"] = ":7"
	args := b.tool("ffmpeg", []byte("a video"))
	c := New(b.o)
	v := invoke[Recording](t, c, "screen.record", `{"durationMs":1500,"fps":200,"format":"MP4"}`)
	if v.Format != "mp4" || v.DurationMs != 1500 || *v.FPS != 60 || *v.ScreenIndex != 0 || v.HasAudio || v.Base64 == "" {
		t.Errorf("%+v", v)
	}
	if a := args(); !strings.Contains(a, "-f x11grab -framerate 60 -i :7 -t 1.500 -an") {
		t.Error(a)
	}
	refused(t, c, "screen.record", `{"format":"gif"}`, invalidRequest, "INVALID_REQUEST: screen format must be mp4")
	refused(t, c, "screen.record", `{"screenIndex":1}`, unavailable, "Invalid screen index 1")
	b.tool("ffmpeg", nil)
	refused(t, c, "screen.record", ``, unavailable, "No frames captured")

	b.env["WAYLAND_DISPLAY"] = "wayland-1" // a recorder that goes on until it is interrupted
	b.script("wf-recorder", `trap 'echo done >"$last"; exit 0' INT; for last; do :; done; while :; do sleep 0.05; done`)
	for ms := 300; ; ms *= 4 { // until it was long enough for a shell to be ready
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		v, err := c.Invoke(ctx, "screen.record", []byte(`{"durationMs":`+strconv.Itoa(ms)+`}`))
		cancel()
		if r, ok := v.(Recording); ok && r.Base64 == base64.StdEncoding.EncodeToString([]byte("done\n")) {
			break
		}
		if ms > longest/4 {
			t.Fatalf("%v %v", v, err)
		}
	}
	b.script("wf-recorder", "echo no screen >&2; exit 2")
	refused(t, c, "screen.record", ``, unavailable, "wf-recorder failed (exit code 2): no screen")

	b.o.OS = "darwin"
	args = b.tool("ffmpeg", []byte("a video"))
	if invoke[Recording](t, New(b.o), "screen.record", `{"screenIndex":1}`); !strings.Contains(args(), "-i Capture screen 1:none -t 10.000") {
		t.Error(args())
	}
	b.nothingLeft()
}
