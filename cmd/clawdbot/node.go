package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/bridge/device"
	"github.com/clawdbot/gateway/bridge/device/computer"
)

func (a *app) nodeCommand() *cobra.Command {
	var s nodeSettings
	var noCanvas bool
	var dir string
	c := &cobra.Command{
		Use:   "node",
		Short: "Make this computer a node: the agent's hands and screen",
		Long: "Make this computer a node of a gateway: the agent can then show it pages and notifications, and whatever else is allowed\n" +
			"here. It runs until it is stopped. The first time it waits to be let in (clawdbot nodes approve). What a flag does not\n" +
			"say is taken from settings.json in the node's directory.",
		Example: "  clawdbot node --gateway 192.168.1.20 --allow-run uptime --allow-run 'git status' --location 52.52,13.38",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if noCanvas {
				s.Canvas = new(bool)
			}
			if dir == "" {
				dir = filepath.Join(a.env().StateDir, "node")
			}
			return a.runNode(c.Context(), dir, s)
		},
	}
	f := c.Flags()
	f.StringVar(&s.Gateway, "gateway", "", "HOST or HOST:PORT of the gateway's bridge (default: the gateway of this computer)")
	f.StringVar(&s.Name, "name", "", "what the node is called (default: the host's name)")
	f.StringVar(&dir, "dir", "", "where the node keeps its token (default: node in the state directory)")
	f.StringArrayVar(&s.AllowRun, "allow-run", nil, "let the agent run this program, or with these first arguments ('git status'); * allows every program; may be given more than once")
	f.StringArrayVar(&s.AllowEnv, "allow-env", nil, "let the agent set this environment variable for programs; may be given more than once")
	f.StringVar(&s.Location, "location", "", "where this computer is: LATITUDE,LONGITUDE or LATITUDE,LONGITUDE,METRES")
	f.BoolVar(&s.Camera, "camera", false, "let the agent use the camera (needs ffmpeg)")
	f.BoolVar(&s.Screen, "screen", false, "let the agent record the screen (needs ffmpeg, on Wayland wf-recorder)")
	f.BoolVar(&noCanvas, "no-canvas", false, "show the agent's pages nowhere")
	f.BoolVar(&s.Window, "window", false, "show the agent's pages in a window; otherwise only the agent sees them")
	f.StringVar(&s.Chromium, "chromium", "", "the browser for the agent's pages (default: the Chromium or Chrome that is installed)")
	return c
}

// runNode is the node's whole life.
func (a *app) runNode(ctx context.Context, dir string, flags nodeSettings) error {
	settings, err := readNodeSettings(dir)
	if err != nil {
		return &failure{code: exitInvalid, err: err}
	}
	settings.add(flags)
	address, err := a.bridgeAddress(settings.Gateway)
	if err != nil {
		return err
	}
	state, err := openNodeState(dir)
	if err != nil {
		return err
	}
	defer state.close()
	log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var d *device.Device
	options, err := a.computerOptions(settings, state, log)
	if err != nil {
		return usage("%w", err)
	}
	options.CanvasHost = func() string { return d.CanvasHost() }
	options.Event = func(ctx context.Context, name string, payload any) error { return d.Tell(ctx, name, payload) }
	c := computer.New(options)
	defer c.Close()
	about := func() bridge.About { return aboutComputer(c, options) }
	d = device.New(device.Options{
		Address: address, About: about, Token: state.token(address), Log: log,
		Paired: func(token string) error { return state.setToken(address, token) },
		Invoke: c.Invoke,
		State:  (&nodeReport{a: a, id: state.ID, address: address}).report,
	})
	fmt.Fprintf(a.out, "Node %s (%s), gateway %s\nOffers: %s\n", options.Name, state.ID, address, strings.Join(about().Commands, " "))
	if err := d.Run(ctx); errors.Is(err, device.ErrRejected) {
		return errors.New("the gateway has turned this computer away; start the node again to ask once more")
	} else if err != nil {
		return err
	}
	fmt.Fprintln(a.out, "Stopped.")
	return nil
}

// bridgeAddress is where the bridge of a gateway listens.
func (a *app) bridgeAddress(s string) (string, error) {
	env := a.env()
	if s == "" {
		doc, err := config.Load(env.ConfigPath, a.getenv)
		if err != nil || doc.Config == nil {
			doc = config.Parse(env.ConfigPath, "{}", a.getenv)
		}
		host, err := doc.BridgeHost(env, localAddrs())
		if err != nil || host == "0.0.0.0" || host == "::" {
			host = "127.0.0.1"
		}
		return net.JoinHostPort(host, strconv.Itoa(env.Ports(doc.Config, 0).Bridge)), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "18790"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" || strings.ContainsAny(host, "/@ ") {
		return "", usage("--gateway is the HOST or HOST:PORT of a gateway's bridge, not %q", s)
	}
	return net.JoinHostPort(host, port), nil
}

// computerOptions are what the settings grant on this computer.
func (a *app) computerOptions(s nodeSettings, state *nodeState, log *slog.Logger) (computer.Options, error) {
	o := computer.Options{
		Camera: s.Camera, Screen: s.Screen, Canvas: s.Canvas == nil || *s.Canvas, Chromium: s.Chromium, Window: s.Window,
		Dir: state.scratch, Name: s.Name, Instance: state.ID, Out: a.out, Log: log, Getenv: a.getenv,
	}
	_, o.Page = browsers()
	var err error
	if o.Run, err = computer.NewRunPolicy(s.AllowRun, s.AllowEnv, exec.LookPath); err != nil {
		return o, err
	}
	if s.Location != "" {
		if o.Location, err = computer.ParseLocation(s.Location); err != nil {
			return o, err
		}
	}
	if o.Name == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "computer"
		}
		o.Name = strings.TrimSuffix(host, ".local")
	}
	return o, nil
}

// aboutComputer is what the node says of itself now.
func aboutComputer(c *computer.Computer, o computer.Options) bridge.About {
	v, _ := buildInfo()
	b := bridge.About{NodeID: o.Instance, DisplayName: o.Name, Platform: nodePlatform(), Version: v, DeviceFamily: "Linux"}
	if runtime.GOOS == "darwin" {
		b.DeviceFamily = "Mac"
	}
	b.Caps, b.Commands, b.Permissions = c.Declared()
	b.Caps, b.Commands = slices.Concat([]string{}, b.Caps), slices.Concat([]string{}, b.Commands) // empty is not the same as unsaid
	return b
}

func nodePlatform() string {
	if runtime.GOOS == "darwin" {
		return "macos"
	}
	return runtime.GOOS
}

// nodeReport tells whoever watches how the connection stands. Its report is called by one goroutine.
type nodeReport struct {
	a           *app
	id, address string
	last        string
}

func (r *nodeReport) report(s device.State) {
	var text string
	switch s.Kind {
	case device.Connected:
		text = "Connected to " + oneLine(s.Server) + "."
	case device.Waiting:
		text = "Waits to be let in. On the gateway: clawdbot nodes approve " + r.id
	case device.Disconnected:
		text = "Not connected: " + oneLine(s.Err.Error()) + ". Tries again until it is."
	}
	if text != r.last { // the same failure each few seconds is told once
		fmt.Fprintln(r.a.out, text)
		r.last = text
	}
}
