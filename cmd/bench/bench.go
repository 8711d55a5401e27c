package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench collects the rows of the table.
type bench struct {
	ctx    context.Context
	dir    string
	rounds int
	dur    time.Duration
	rows   []row
	cmds   []string // what was run, once each
}

type row struct{ what, ours, bare, ratio, budget, verdict string }

func (b *bench) add(what, ours, bare, ratio, budget string, ok bool) {
	verdict := "holds"
	switch {
	case !ok:
		verdict = "**misses**"
	case budget == "":
		verdict = ""
	}
	b.rows = append(b.rows, row{what, ours, bare, ratio, budget, verdict})
	fmt.Fprintf(os.Stderr, "%s: ours %s, bare %s, ratio %s (budget %s): %s\n", what, ours, bare, ratio, budget, verdict)
}

func (b *bench) print() {
	fmt.Println("| what | ours | bare server | ratio | budget | |\n|---|---|---|---|---|---|")
	for _, r := range b.rows {
		fmt.Printf("| %s | %s | %s | %s | %s | %s |\n", r.what, r.ours, r.bare, r.ratio, r.budget, r.verdict)
	}
	fmt.Println("\nCommands (ports and pids vary):")
	for _, c := range b.cmds {
		fmt.Println("    " + c)
	}
}

func (b *bench) note(cmd string) {
	if !slices.Contains(b.cmds, cmd) {
		b.cmds = append(b.cmds, cmd)
	}
}

// server is a process under test.
type server struct {
	cmd  *exec.Cmd
	addr string
	name string
}

func (b *bench) launch(name string, env []string, args ...string) (*server, error) {
	cmd := exec.Command(filepath.Join(b.dir, name), args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &server{cmd: cmd, name: name}, nil
}

func (b *bench) ours() (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s, err := b.launch("clawdbot", b.env(addr, ""), "gateway", "--token", "test")
	if err != nil {
		return nil, err
	}
	s.addr = addr
	return s, s.up(b.ctx)
}

// configured starts a gateway with these settings, in a home of its own.
func (b *bench) configured(addr, settings string, env ...string) (*server, error) {
	all := append(b.env(addr, settings), "HOME="+b.stateDir(addr))
	s, err := b.launch("clawdbot", append(all, env...), "gateway", "--token", "test")
	if err != nil {
		return nil, err
	}
	s.addr = addr
	return s, s.up(b.ctx)
}

// env gives each gateway a state directory of its own, with a config file that keeps its log there.
func (b *bench) env(addr, settings string) []string {
	_, port, _ := net.SplitHostPort(addr)
	state := b.stateDir(addr)
	_ = os.MkdirAll(state, 0o700)
	config := filepath.Join(state, "clawdbot.json")
	_ = os.WriteFile(config, fmt.Appendf(nil, "{logging: {file: %q}, %s}", filepath.Join(state, "log"), settings), 0o600)
	return []string{"CLAWDBOT_STATE_DIR=" + state, "CLAWDBOT_CONFIG_PATH=" + config, "CLAWDBOT_GATEWAY_PORT=" + port}
}

func (b *bench) stateDir(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return filepath.Join(b.dir, "state-"+port)
}

func (b *bench) bare() (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s, err := b.launch("limit", nil, "--addr", addr)
	if err != nil {
		return nil, err
	}
	s.addr = addr
	return s, s.up(b.ctx)
}

func (s *server) up(ctx context.Context) error {
	for range 100 {
		if c, err := net.DialTimeout("tcp", s.addr, time.Second); err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return errors.New(s.name + " does not listen on " + s.addr)
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// wsload runs one mode of the load generator and decodes its result.
func (b *bench) wsload(addr string, pid int, result any, mode string, args ...string) error {
	full := append([]string{mode, "--url", "ws://" + addr}, args...)
	if pid > 0 {
		full = append(full, "--pid", strconv.Itoa(pid))
	}
	b.note("wsload " + mode + " " + strings.Join(args, " "))
	cmd := exec.CommandContext(b.ctx, filepath.Join(b.dir, "wsload"), full...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("wsload %s: %w\n%s", mode, err, out)
	}
	return json.Unmarshal(out, &struct{ Result any }{result})
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
