package tailnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers/child"
)

const (
	killTime = 200 * time.Millisecond // for a program that takes too long to end by itself

	mostOutput = 1 << 20 // bytes of one call that are kept
	mostShown  = 400     // characters of output in an error
)

// appProgram is where the app for macOS has it.
const appProgram = "/Applications/Tailscale.app/Contents/MacOS/Tailscale"

// ErrMissing says that there is no Tailscale on this machine.
var ErrMissing = errors.New("the program tailscale was not found: install Tailscale, or set gateway.tailscale.mode to off")

// program finds the program.
func (o Options) program() (string, error) {
	if o.Program != "" {
		return o.Program, nil
	}
	for _, dir := range filepath.SplitList(o.Path) {
		if !filepath.IsAbs(dir) { // a program of the current directory is anybody's
			continue
		}
		if path, err := exec.LookPath(filepath.Join(dir, "tailscale")); err == nil {
			return path, nil
		}
	}
	if _, err := exec.LookPath(appProgram); err == nil {
		return appProgram, nil
	}
	return "", ErrMissing
}

// run runs tailscale and returns its standard output. The error has the last of what it said.
func (p *publisher) run(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	path, err := p.o.program()
	if err != nil {
		return "", err
	}
	call := "tailscale " + strings.Join(args, " ")
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var mu sync.Mutex // guards out and said: a goroutine for each stream
	var out, said strings.Builder
	proc, err := child.Start(path, args, child.Options{Env: p.o.Env, Leash: true, Line: func(stderr bool, line string) {
		mu.Lock()
		defer mu.Unlock()
		if !stderr && out.Len()+len(line) < mostOutput {
			out.WriteString(line + "\n")
		}
		if said.Len()+len(line) < mostOutput {
			said.WriteString(line + " ")
		}
	}})
	if err != nil {
		return "", fmt.Errorf("%s: %w", call, err)
	}
	select {
	case <-proc.Done():
	case <-ctx.Done():
		proc.Stop(0, killTime)
	}
	mu.Lock()
	defer mu.Unlock()
	switch words := shown(said.String()); {
	case ctx.Err() != nil && words != "":
		return "", fmt.Errorf("%s did not end within %v: %s", call, limit, words)
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s did not end within %v: is tailscaled well?", call, limit)
	case !proc.OK() && words != "":
		return "", fmt.Errorf("%s failed: %s", call, words)
	case !proc.OK():
		return "", fmt.Errorf("%s failed: %w", call, proc.Err())
	}
	return out.String(), nil
}

// shown is output as it can stand in a line.
func shown(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))), " ")
	if r := []rune(s); len(r) > mostShown {
		s = string(r[:mostShown]) + "…"
	}
	return s
}

// self is the name of this machine in the tailnet.
func (p *publisher) self(ctx context.Context) (string, error) {
	out, err := p.run(ctx, p.o.Ask, "status", "--json")
	var s struct {
		BackendState string
		Self         struct{ DNSName string }
	}
	bad := json.Unmarshal([]byte(out), &s)
	switch {
	case err != nil:
		return "", err
	case bad != nil || s.BackendState == "":
		return "", errors.New("tailscale status --json says nothing that can be understood: is it the program of Tailscale?")
	case s.BackendState == "NeedsLogin" || s.BackendState == "NoState":
		return "", errors.New("tailscale is not logged in: run tailscale up")
	case s.BackendState != "Running":
		return "", fmt.Errorf("tailscale is not up (%s): run tailscale up", shown(s.BackendState))
	}
	name := strings.ToLower(strings.TrimSuffix(s.Self.DNSName, "."))
	if !strings.Contains(name, ".") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
		return "", errors.New("this machine has no name in the tailnet: switch MagicDNS on in the admin console of Tailscale")
	}
	return name, nil
}

// site is what is published at the place that is ours.
type site struct {
	target string // "" = nothing
	funnel bool
}

func (s site) is(o Options) bool { return s.target == o.Target && s.funnel == (o.Mode == Funnel) }

// served asks what is published at https://name/.
func (p *publisher) served(ctx context.Context) (site, error) {
	out, err := p.run(ctx, p.o.Ask, "serve", "status", "--json")
	if err != nil {
		return site{}, err
	}
	var s struct {
		TCP map[string]json.RawMessage
		Web map[string]struct {
			Handlers map[string]struct{ Proxy, Path, Text string }
		}
		AllowFunnel map[string]bool
	}
	if strings.TrimSpace(out) != "" {
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			return site{}, errors.New("tailscale serve status --json says nothing that can be understood: Tailscale 1.52 or newer is needed")
		}
	}
	at := p.name + ":443"
	web, ok := s.Web[at]
	now := site{funnel: s.AllowFunnel[at]}
	switch h, here := web.Handlers["/"]; {
	case !ok && s.TCP["443"] != nil:
		now.target = "another port"
	case !here:
	case h.Proxy != "":
		now.target = h.Proxy
	case h.Path != "":
		now.target = h.Path
	default:
		now.target = "a text"
	}
	return now, nil
}

// set has the port published.
func (p *publisher) set(ctx context.Context) error {
	_, err := p.run(ctx, p.o.Set, p.o.Mode, "--bg", "--yes", "--https=443", p.o.Target)
	return err
}
