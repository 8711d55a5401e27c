package crashtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
)

// stopLimit is what a stop by SIGTERM may take.
const stopLimit = 5 * time.Second

// host is where the gateway lives: one directory and one port over all its processes.
type host struct {
	dir  string // HOME; state, configuration and logs are in it
	bin  string
	port int
	env  []string // besides what every process has
	n    int      // processes so far
}

func newHost(t *testing.T, config map[string]any, env ...string) *host {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatalf("build the daemon: %v", err)
	}
	h := &host{dir: t.TempDir(), bin: bin, port: providertest.FreePort(t), env: env}
	config["logging"] = map[string]any{"file": filepath.Join(h.dir, "gateway.log"), "level": "info"}
	config["bridge"], config["canvasHost"] = map[string]any{"enabled": false}, map[string]any{"enabled": false}
	config["agent"] = map[string]any{"maxConcurrent": 24}
	config["routing"] = map[string]any{"queue": map[string]any{"mode": "followup", "debounceMs": 50, "cap": 100000}}
	b, err := json.Marshal(config)
	if err == nil {
		err = os.WriteFile(filepath.Join(h.dir, "config.json5"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) state() string { return filepath.Join(h.dir, "state") }
func (h *host) url() string   { return fmt.Sprintf("ws://127.0.0.1:%d", h.port) }

// process is one life of the gateway.
type process struct {
	cmd   *exec.Cmd
	born  time.Time
	ready chan struct{} // closed when it listens
	done  chan struct{} // closed when it is gone and waited for; err is set then
	err   error

	mu   sync.Mutex
	tail []string // last lines of its output
}

// start starts the gateway and does not wait for it. It ends with the test at the latest.
func (h *host) start(t *testing.T) *process {
	t.Helper()
	h.n++
	p := &process{cmd: exec.Command(h.bin, "gateway"), born: time.Now(), ready: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Env = []string{
		"HOME=" + h.dir, "PATH=" + os.Getenv("PATH"), "CLAWDBOT_STATE_DIR=" + h.state(),
		"CLAWDBOT_CONFIG_PATH=" + filepath.Join(h.dir, "config.json5"), fmt.Sprintf("CLAWDBOT_GATEWAY_PORT=%d", h.port),
	}
	p.cmd.Env = append(p.cmd.Env, h.env...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = in, in
	err = p.cmd.Start()
	_ = in.Close()
	if err != nil {
		_ = out.Close()
		t.Fatal(err)
	}
	go func() {
		p.read(out)
		_ = out.Close()
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) read(out *os.File) {
	ready := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p.mu.Lock()
		p.tail = append(p.tail[max(0, len(p.tail)-30):], lines.Text())
		p.mu.Unlock()
		if !ready && strings.Contains(lines.Text(), "listening on ws://") {
			ready = true
			close(p.ready)
		}
	}
}

// output is the end of what the process has said.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

func (p *process) waitReady(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.done:
		return fmt.Errorf("the gateway ended by itself: %w\n%s", p.err, p.output())
	case <-ctx.Done():
		return fmt.Errorf("the gateway does not listen: %w\n%s", ctx.Err(), p.output())
	}
}

// kill is SIGKILL, and waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when it is gone
	<-p.done
}

// terminate is SIGTERM: the process must end well, and in time.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(2 * stopLimit):
		t.Fatalf("the gateway does not stop\n%s", p.output())
	}
	if took := time.Since(begin); p.err != nil || took > stopLimit {
		t.Errorf("stop after %v: %v\n%s", took, p.err, p.output())
	}
}
