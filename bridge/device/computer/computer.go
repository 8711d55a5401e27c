package computer

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/providers/chromium"
)

// Codes of errors (bridge-canvas 4.2). Everything more precise is the beginning of the message.
const (
	invalidRequest = "INVALID_REQUEST"
	unavailable    = "UNAVAILABLE"
)

// Error is a command that did not work, in the words of a node.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Message }

// NodeCode is the code that goes to the gateway.
func (e *Error) NodeCode() string { return e.Code }

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Options are what the owner of the computer grants, and where its tools are. The zero value grants notifications only.
type Options struct {
	Run      *RunPolicy         // the programs that may be run; nil: none
	Location *Location          // where the computer is; nil: it does not say
	Camera   bool               // photos and clips may be taken
	Screen   bool               // the screen may be recorded
	Canvas   bool               // a browser may be started
	Page     chromium.StartPage // starts it (providers/chromium/devtools); nil: the canvas is refused
	Chromium string             // path of the browser; "": looked for
	Window   bool               // the canvas is a window on the screen; otherwise nobody sees it but the agent

	// Dir is where files live while they are made. It must exist.
	Dir string
	// CanvasHost is where the gateway serves its canvas, "" when it serves none. It is asked each time.
	CanvasHost func() string
	// Event tells the gateway something.
	Event func(ctx context.Context, name string, payload any) error
	// Name is what the computer is called in what the canvas tells the agent, and Instance its id.
	Name, Instance string

	// Out gets the notifications that nothing can show; nil: standard error.
	Out io.Writer
	Log *slog.Logger

	// For tests: where programs, environment and devices are looked for.
	LookPath func(name string) (string, error)
	Getenv   func(name string) string
	Sys      string // "" is /sys
	OS       string // "" is this one: "linux", "darwin"
}

// Computer serves commands. Its methods may be called concurrently.
type Computer struct {
	o      Options
	canvas *canvas
	camera gate // one camera, one user
	screen gate
}

// New looks for nothing and starts nothing yet.
func New(o Options) *Computer {
	if o.LookPath == nil {
		o.LookPath = exec.LookPath
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.OS == "" {
		o.OS = runtime.GOOS
	}
	if o.Sys == "" {
		o.Sys = "/sys"
	}
	if o.Out == nil {
		o.Out = os.Stderr
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Computer{o: o, camera: newGate(), screen: newGate()}
	c.canvas = &canvas{o: &c.o, turn: newGate()}
	return c
}

// Close ends the browser, if one was started.
func (c *Computer) Close() { c.canvas.close() }

// command is one that a computer may serve.
type command struct {
	name  string
	cap   string                  // the capability it belongs to; "" none
	ready func(c *Computer) error // nil, or why it is refused
	run   func(c *Computer, ctx context.Context, params []byte) (any, error)
}

// commands are all that there are, in the order of the reference's table (bridge-canvas 4.3).
var commands = []command{
	{"canvas.present", "canvas", (*Computer).canvasReady, (*Computer).canvasPresent},
	{"canvas.hide", "canvas", (*Computer).canvasReady, (*Computer).canvasHide},
	{"canvas.navigate", "canvas", (*Computer).canvasReady, (*Computer).canvasNavigate},
	{"canvas.eval", "canvas", (*Computer).canvasReady, (*Computer).canvasEval},
	{"canvas.snapshot", "canvas", (*Computer).canvasReady, (*Computer).canvasSnapshot},
	{"canvas.a2ui.push", "canvas", (*Computer).canvasReady, (*Computer).a2uiPush},
	{"canvas.a2ui.pushJSONL", "canvas", (*Computer).canvasReady, (*Computer).a2uiPushJSONL},
	{"canvas.a2ui.reset", "canvas", (*Computer).canvasReady, (*Computer).a2uiReset},
	{"camera.list", "camera", (*Computer).cameraReady, (*Computer).cameraList},
	{"camera.snap", "camera", (*Computer).cameraReady, (*Computer).cameraSnap},
	{"camera.clip", "camera", (*Computer).cameraReady, (*Computer).cameraClip},
	{"screen.record", "screen", (*Computer).screenReady, (*Computer).screenRecord},
	{"location.get", "location", (*Computer).locationReady, (*Computer).locationGet},
	{"system.run", "", (*Computer).runReady, (*Computer).systemRun},
	{"system.notify", "", nil, (*Computer).systemNotify},
}

// Declared is what the computer offers now: its capabilities, its commands, and what its owner has granted.
func (c *Computer) Declared() (caps, names []string, permissions map[string]bool) {
	for _, cmd := range commands {
		if cmd.ready != nil && cmd.ready(c) != nil {
			continue
		}
		names = append(names, cmd.name)
		if cmd.cap != "" && !slices.Contains(caps, cmd.cap) {
			caps = append(caps, cmd.cap)
		}
	}
	return caps, names, map[string]bool{
		"notifications": c.notifier() != "", "screenRecording": c.screenReady() == nil,
		"camera": c.cameraReady() == nil, "location": c.o.Location != nil,
	}
}

// Invoke runs one command. The result is nil when a command answers nothing; the error is an *Error, or ctx's.
func (c *Computer) Invoke(ctx context.Context, name string, params []byte) (any, error) {
	i := slices.IndexFunc(commands, func(cmd command) bool { return cmd.name == name })
	if i < 0 {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: unknown command")
	}
	cmd := commands[i]
	if cmd.ready != nil {
		if err := cmd.ready(c); err != nil {
			return nil, err
		}
	}
	result, err := cmd.run(c, ctx, params)
	if err == nil {
		return result, nil
	}
	if _, typed := err.(*Error); !typed {
		err = refuse(unavailable, "%s", strings.TrimSpace(err.Error()))
	}
	return nil, err
}

// gate lets one in at a time.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

// enter waits for its turn. Whoever got in must leave.
func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g gate) leave() { <-g }

// Platform is the word by which nodes tell what they run on.
func (o *Options) Platform() string {
	if o.OS == "darwin" {
		return "macos"
	}
	return o.OS
}
