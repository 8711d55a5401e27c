package skills

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	defaultInstallLimit = 5 * time.Minute
	maxInstallLimit     = 15 * time.Minute
	minInstallLimit     = time.Second
	killDelay           = 5 * time.Second // from the end of the group to the end of its pipes
	maxOutput           = 64 << 10        // of each stream; the last bytes are kept
	maxWaiting          = 8               // installations that wait for their turn
)

// installs has one installation run at a time: package managers lock each other out.
type installs struct {
	turn    chan struct{}
	waiting atomic.Int32
}

func newInstalls() *installs { return &installs{turn: make(chan struct{}, 1)} }

// take waits for the turn; give returns it.
func (i *installs) take(ctx context.Context) error {
	if i.waiting.Add(1) > maxWaiting {
		i.waiting.Add(-1)
		return &wire.Error{Code: wire.CodeUnavailable, Message: "too many installations at once", Retryable: true, RetryAfterMs: 10_000}
	}
	defer i.waiting.Add(-1)
	select {
	case i.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (i *installs) give() { <-i.turn }

// limit is how long an installation may take.
func limit(ms *int64) time.Duration {
	if ms == nil {
		return defaultInstallLimit
	}
	return max(minInstallLimit, time.Duration(min(*ms, maxInstallLimit.Milliseconds()))*time.Millisecond)
}

func failed(format string, args ...any) wire.SkillsInstallResult {
	return wire.SkillsInstallResult{Message: fmt.Sprintf(format, args...)}
}

// install runs an installer of a skill. What went wrong is in the result; an error means that it was not tried.
func (s *skills) install(ctx context.Context, m Install) (wire.SkillsInstallResult, error) {
	if err := s.installs.take(ctx); err != nil {
		return wire.SkillsInstallResult{}, err
	}
	defer s.installs.give()
	doc := s.o.Document()
	h := newHost(s.o.Getenv, doc)
	found, _ := s.scanner.scan(s.o.places(doc))
	for _, sk := range found {
		if sk.name != m.Name {
			continue
		}
		for i, in := range sk.meta.Install {
			if in = in.complete(i, h.nodeManager()); in.ID == m.InstallID {
				return s.run(ctx, h, in, m.Timeout), nil
			}
		}
		return failed("Installer not found: %s", m.InstallID), nil
	}
	return failed("Skill not found: %s", m.Name), nil
}

// safe is a name of a package that no installer takes for an option or a file.
var safe = regexp.MustCompile(`^[A-Za-z0-9@][A-Za-z0-9@._+~/:=-]*$`)

// command is the program and its arguments for an installer.
func (in installer) command(install config.Skills) (args []string, err error) {
	what := ""
	switch in.Kind {
	case "brew":
		what, args = in.Formula, []string{"brew", "install"}
	case "go":
		what, args = in.Module, []string{"go", "install"}
	case "uv":
		what, args = in.Package, []string{"uv", "tool", "install"}
	case "node":
		what = in.Package
		switch install.Install.NodeManager {
		case "pnpm":
			args = []string{"pnpm", "add", "-g"}
		case "yarn":
			args = []string{"yarn", "global", "add"}
		case "bun":
			args = []string{"bun", "add", "-g"}
		default:
			args = []string{"npm", "install", "-g"}
		}
	default:
		return nil, fmt.Errorf("unsupported installer %q", in.Kind)
	}
	if !safe.MatchString(what) {
		return nil, fmt.Errorf("the skill names no package that %s could install", args[0])
	}
	return append(args, what), nil
}

// passed are the variables that an installer gets; of the gateway's own environment the rest may be secret.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"GOPATH", "GOBIN", "GOCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB", "HOMEBREW_PREFIX", "NPM_CONFIG_PREFIX", "NPM_CONFIG_REGISTRY",
	"UV_TOOL_DIR", "UV_TOOL_BIN_DIR", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
}

// run runs an installer as a process group of its own, which ends as a whole when the time is up.
func (s *skills) run(ctx context.Context, h *host, in installer, limit time.Duration) wire.SkillsInstallResult {
	args, err := in.command(h.skills)
	if err != nil {
		return failed("%v", err)
	}
	path := lookPath(s.o.Getenv("PATH"), args[0])
	if path == "" {
		return failed("%s is not installed", args[0])
	}
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(timed, path, args[1:]...)
	cmd.Env, cmd.Dir = []string{}, s.o.Home("~")
	for _, name := range passed {
		if v := s.o.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	var stdout, stderr tail
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, killDelay
	process.Group(cmd)
	err = cmd.Run()
	r := wire.SkillsInstallResult{Stdout: stdout.String(), Stderr: stderr.String()}
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() >= 0 {
		code := int64(cmd.ProcessState.ExitCode())
		r.Code = &code
	}
	switch {
	case err == nil:
		r.OK, r.Message = true, "Installed"
	case ctx.Err() == nil && timed.Err() != nil:
		r.Message = fmt.Sprintf("Install failed: not done after %s", limit)
	case r.Code != nil && *r.Code != 0:
		r.Message = strings.TrimSuffix(fmt.Sprintf("Install failed (exit %d): %s", *r.Code, lastLine(r.Stderr, r.Stdout)), ": ")
	default:
		r.Message = fmt.Sprintf("Install failed: %v", err)
	}
	return r
}

// lastLine is the last line that says something, of the first text that does, cut to a readable length.
func lastLine(texts ...string) string {
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			line := t[strings.LastIndexByte(t, '\n')+1:]
			return strings.ToValidUTF8(line[:min(len(line), 200)], "")
		}
	}
	return ""
}

// tail keeps the last bytes that are written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[max(0, len(p)-maxOutput):]...)
	if over := len(t.b) - maxOutput; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(string(t.b), "\ufffd") }
