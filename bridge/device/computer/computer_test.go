package computer

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/child/childtest"
	"github.com/clawdbot/gateway/providers/chromium/devtools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// bench is a computer of a test: what is in its bin directory is all that it has.
type bench struct {
	t   *testing.T
	bin string
	env map[string]string
	o   Options
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, bin: t.TempDir(), env: map[string]string{"PATH": os.Getenv("PATH"), "HOME": t.TempDir()}}
	b.o = Options{
		Page: devtools.StartPage, Dir: t.TempDir(), OS: "linux", Sys: t.TempDir(), Out: &strings.Builder{},
		LookPath:   func(name string) (string, error) { return exec.LookPath(filepath.Join(b.bin, filepath.Base(name))) },
		Getenv:     func(name string) string { return b.env[name] },
		CanvasHost: func() string { return "" },
		Event:      func(context.Context, string, any) error { return nil },
	}
	return b
}

// script puts a program into the computer.
func (b *bench) script(name, text string) {
	b.t.Helper()
	childtest.Write(b.t, filepath.Join(b.bin, name), "#!/bin/sh\n"+text+"\n")
}

// camera plugs one in.
func (b *bench) camera(device, name, index string) {
	b.t.Helper()
	dir := filepath.Join(b.o.Sys, "class/video4linux", device)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.t.Fatal(err)
	}
	for file, text := range map[string]string{"name": name + "\n", "index": index + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) allow(entries ...string) {
	b.t.Helper()
	p, err := NewRunPolicy(entries, nil, exec.LookPath)
	if err != nil {
		b.t.Fatal(err)
	}
	b.o.Run = p
}

// invoke runs a command that must work, and decodes its answer.
func invoke[T any](t *testing.T, c *Computer, name, params string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := c.Invoke(ctx, name, []byte(params))
	if err != nil {
		t.Fatalf("%s %s: %v", name, params, err)
	}
	var v T
	raw, err := json.Marshal(result)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatalf("%s answers %s: %v", name, raw, err)
	}
	return v
}

// refused runs a command that must not work.
func refused(t *testing.T, c *Computer, name, params, code, message string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result, err := c.Invoke(ctx, name, []byte(params))
	e, typed := err.(*Error)
	if !typed || e.NodeCode() != code || !strings.HasPrefix(e.Message, message) {
		t.Errorf("%s %s: %v, %#v; want %s %q", name, params, result, err, code, message)
	}
}

// TestDeclared: what is offered is what is granted and there, and everything else is refused with its reason.
func TestDeclared(t *testing.T) {
	t.Parallel()
	none := newBench(t)
	c := New(none.o)
	caps, names, may := c.Declared()
	if len(caps) != 0 || !slices.Equal(names, []string{"system.notify"}) || may["camera"] || may["screenRecording"] || may["location"] || may["notifications"] {
		t.Errorf("nothing granted: %v %v %v", caps, names, may)
	}
	for name, want := range map[string][2]string{
		"canvas.present": {unavailable, "CANVAS_DISABLED: "}, "canvas.a2ui.reset": {unavailable, "CANVAS_DISABLED: "},
		"camera.snap": {unavailable, "CAMERA_DISABLED: enable Camera in Settings"}, "screen.record": {unavailable, "SCREEN_PERMISSION_REQUIRED: "},
		"location.get": {unavailable, "LOCATION_DISABLED: "}, "system.run": {unavailable, "SYSTEM_RUN_DISABLED: "},
		"sms.send": {invalidRequest, "INVALID_REQUEST: unknown command"}, "": {invalidRequest, "INVALID_REQUEST: unknown command"},
	} {
		refused(t, c, name, `{}`, want[0], want[1])
	}

	granted := newBench(t) // but nothing is there
	granted.o.Canvas, granted.o.Camera, granted.o.Screen = true, true, true
	c = New(granted.o)
	if caps, names, _ := c.Declared(); len(caps) != 0 || !slices.Equal(names, []string{"system.notify"}) {
		t.Errorf("nothing there: %v %v", caps, names)
	}
	refused(t, c, "camera.snap", ``, unavailable, "UNAVAILABLE: camera not ready")
	refused(t, c, "screen.record", ``, unavailable, "UNAVAILABLE: screen capture unavailable")
	refused(t, c, "canvas.hide", ``, unavailable, "CANVAS_DISABLED: there is no Chromium")

	granted.script("ffmpeg", "exit 1")
	refused(t, c, "camera.snap", ``, unavailable, "Camera unavailable")
	granted.script("chromium", "exit 1")
	granted.script("notify-send", "exit 0")
	granted.env["DISPLAY"], granted.env["XDG_RUNTIME_DIR"] = ":7", "/run/user/7"
	left := granted.o
	left.Page = nil
	refused(t, New(left), "canvas.present", ``, unavailable, "CANVAS_DISABLED: this program was built without what drives a Chromium")
	granted.camera("video0", "Laptop", "0")
	granted.allow("true")
	granted.o.Location = &Location{1, 2, 3}
	c = New(granted.o)
	caps, names, may = c.Declared()
	if !slices.Equal(caps, []string{"canvas", "camera", "screen", "location"}) || len(names) != len(commands) || !may["camera"] || !may["notifications"] || !may["screenRecording"] {
		t.Errorf("all there: %v %v %v", caps, names, may)
	}
	granted.env["WAYLAND_DISPLAY"] = "wayland-1" // ffmpeg does not record that
	if _, names, _ = c.Declared(); slices.Contains(names, "screen.record") {
		t.Error("offers to record Wayland without a recorder")
	}
}

func TestLocation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*Location{
		"52.5163,13.3777": {52.5163, 13.3777, 50}, " -1 , 2 , 3.5": {-1, 2, 3.5}, "": nil, "1": nil, "1,2,3,4": nil, "a,2": nil,
		"91,0": nil, "0,181": nil, "1,2,0": nil, "NaN,1": nil, "1,Inf": nil,
	} {
		if have, err := ParseLocation(text); (err == nil) != (want != nil) || want != nil && *have != *want {
			t.Errorf("%q: %v %v", text, have, err)
		}
	}
	b := newBench(t)
	b.o.Location = &Location{52.51632, 13.37771, 12}
	c := New(b.o)
	fix := invoke[LocationFix](t, c, "location.get", ``)
	if at, err := time.Parse(time.RFC3339, fix.Timestamp); err != nil || at.Location() != time.UTC || fix.Lat != 52.51632 || fix.AccuracyMeters != 12 || !fix.IsPrecise || fix.Source != "configured" {
		t.Errorf("%+v %v", fix, err)
	}
	if fix := invoke[LocationFix](t, c, "location.get", `{"desiredAccuracy":"coarse","timeoutMs":1}`); fix.Lat != 52.52 || fix.Lon != 13.38 || fix.AccuracyMeters != 1000 || fix.IsPrecise {
		t.Errorf("coarse: %+v", fix)
	}
	if fix := invoke[LocationFix](t, c, "location.get", `{"desiredAccuracy":7}`); !fix.IsPrecise {
		t.Errorf("parameters of a wrong type count: %+v", fix)
	}
}

// TestNotify: texts reach the desktop as arguments, never as options, markup or script; without a desktop the node's
// own output has them.
func TestNotify(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := New(b.o)
	invoke[any](t, c, "system.notify", `{"title":"Tea\u001b[2J","body":"is ready\nnow","sound":"x"}`)
	if out := b.o.Out.(*strings.Builder).String(); out != "notification: Tea[2J · is ready · now\n" {
		t.Errorf("%q", out)
	}
	refused(t, c, "system.notify", `{"title":" ","body":""}`, invalidRequest, "INVALID_REQUEST: empty notification")
	refused(t, c, "system.notify", ``, unavailable, "INVALID_REQUEST: paramsJSON required")
	refused(t, c, "system.notify", `{"title":5}`, unavailable, "INVALID_REQUEST: the parameter title cannot be a number")

	b.env["XDG_RUNTIME_DIR"] = "/run/user/7"
	log := filepath.Join(t.TempDir(), "args")
	b.script("notify-send", `for a in "$@"; do echo "<$a>"; done >>"`+log+`"`)
	invoke[any](t, c, "system.notify", `{"title":"--help","body":"<b>1</b> & 2","priority":"timeSensitive"}`)
	invoke[any](t, c, "system.notify", `{"body":"only this"}`)
	have, err := os.ReadFile(log)
	want := "<--app-name=Clawdbot>\n<--urgency=critical>\n<-->\n<--help>\n<&lt;b&gt;1&lt;/b&gt; &amp; 2>\n" +
		"<--app-name=Clawdbot>\n<--urgency=normal>\n<-->\n<Clawdbot>\n<only this>\n"
	if err != nil || string(have) != want {
		t.Errorf("%v:\n%s\nwant\n%s", err, have, want)
	}
	b.script("notify-send", "exit 1")
	invoke[any](t, c, "system.notify", `{"title":"nobody listens"}`)
	if out := b.o.Out.(*strings.Builder).String(); !strings.Contains(out, "notification: nobody listens\n") {
		t.Errorf("%q", out)
	}

	b.o.OS = "darwin"
	b.script("osascript", `for a in "$@"; do echo "<$a>"; done >"`+log+`"`)
	invoke[any](t, New(b.o), "system.notify", `{"title":"a\" & (do shell script \"id\")","body":"b"}`)
	if have, err := os.ReadFile(log); err != nil || !strings.HasSuffix(string(have), "<end run>\n<-->\n<a\" & (do shell script \"id\")>\n<b>\n") {
		t.Errorf("%v:\n%s", err, have)
	}
}
