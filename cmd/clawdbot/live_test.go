package main

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/transport/wire"
)

// live is a gateway in this process, and the command line beside it.
type live struct {
	t    *testing.T
	vars map[string]string
	file string // the config file
	*gateway.Gateway
}

// startLive starts a gateway with this config file ("" = none) until the test ends.
func startLive(t *testing.T, config string) *live {
	t.Helper()
	l := &live{t: t, vars: home(t, config)}
	l.file = filepath.Join(l.vars["HOME"], ".clawdbot", "clawdbot.json")
	browser, _ := browsers()
	l.Gateway = serve(t, gateway.Options{
		AnyPort: true, Browser: browser, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Getenv: func(name string) string { return l.vars[name] },
	})
	return l
}

// serve starts a gateway until the test ends.
func serve(t *testing.T, o gateway.Options) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return g
}

// run runs a command line against the gateway.
func (l *live) run(args ...string) result {
	l.t.Helper()
	args = append(args, "--url", l.URL())
	if args[0] != "agent" { // its --timeout is another one
		args = append(args, "--timeout", "30s")
	}
	return invoke(l.vars, args...)
}

// ok is run for what must succeed; it gives what was printed.
func (l *live) ok(args ...string) string {
	l.t.Helper()
	r := l.run(args...)
	if r.code != 0 || r.err != "" {
		l.t.Fatalf("%q: %+v", args, r)
	}
	return r.out
}

// json decodes what a command prints with --json.
func (l *live) json(v any, args ...string) {
	l.t.Helper()
	out := l.ok(append(args, "--json")...)
	if err := wire.Unmarshal([]byte(out), v); err != nil {
		l.t.Fatalf("%q prints no JSON: %v\n%s", args, err, out)
	}
}

// fails is run for what must fail with this exit code and a message that contains want.
func (l *live) fails(code int, want string, args ...string) {
	l.t.Helper()
	r := l.run(args...)
	if r.code != code || r.out != "" || !strings.Contains(r.err, want) {
		l.t.Errorf("%q: %+v, want %d %q", args, r, code, want)
	}
}

// wide runs a command at a terminal width and checks that no line is longer.
func (l *live) wide(width string, args ...string) string {
	l.t.Helper()
	vars := maps.Clone(l.vars)
	vars["COLUMNS"] = width
	r := invoke(vars, append(args, "--url", l.URL())...)
	if r.code != 0 {
		l.t.Fatalf("%q: %+v", args, r)
	}
	limit := map[string]int{"60": 60, "80": 80, "200": 200}[width]
	for line := range strings.Lines(r.out) {
		if n := textWidth(strings.TrimSuffix(line, "\n")); n > limit {
			l.t.Errorf("%q at %s: a line takes %d columns: %s", args, width, n, line)
		}
	}
	return r.out
}

func (l *live) text() string {
	l.t.Helper()
	b, err := os.ReadFile(l.file)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}
