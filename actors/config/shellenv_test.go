package config

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers/child/childtest"
)

// shell writes a program that stands in for the login shell.
func shell(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shell")
	childtest.Write(t, path, "#!/bin/sh\n"+script)
	return path
}

func TestShellEnv(t *testing.T) {
	t.Parallel()
	on := mustConfig(t, "{env:{shellEnv:{enabled:true}}}")
	off := mustConfig(t, "{}")
	answer := shell(t, `[ "$*" = "-l -c env -0" ] || exit 9
echo "welcome, OPENAI_API_KEY=no"
printf 'FIRST=1\0OPENAI_API_KEY=CANARY-1\0OTHER=x\nGEMINI_API_KEY=no\0TELEGRAM_BOT_TOKEN=CANARY-2\0ZAI_API_KEY=\0HOME=%s\0' "$HOME"`)
	all := map[string]string{"OPENAI_API_KEY": "CANARY-1", "TELEGRAM_BOT_TOKEN": "CANARY-2"}
	for _, c := range []struct {
		name   string
		config *Config
		env    map[string]string
		want   map[string]string
		err    string
	}{
		{"off", off, map[string]string{"SHELL": answer}, nil, ""},
		{"on", on, map[string]string{"SHELL": answer}, all, ""},
		{"on by the environment", off, map[string]string{"SHELL": answer, "CLAWDBOT_LOAD_SHELL_ENV": "yes"}, all, ""},
		{"one is set: none is needed", on, map[string]string{"SHELL": answer, "SLACK_APP_TOKEN": "x"}, nil, ""},
		{"no such shell", on, map[string]string{"SHELL": "/no/such/shell"}, nil, "was not asked"},
		{"a shell from anywhere", on, map[string]string{"SHELL": "sh"}, nil, "not an absolute path"},
		{"a shell that fails", on, map[string]string{"SHELL": shell(t, "echo CANARY; exit 3")}, nil, "exit status 3"},
	} {
		got, err := ShellEnv(t.Context(), c.config, func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
		if d := cmp.Diff(c.want, got); d != "" || (err == nil) != (c.err == "") {
			t.Errorf("%s: %v %s", c.name, err, d)
		}
		if err != nil && (!strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "CANARY")) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A shell that hangs is killed in time, and what it started with it.
func TestShellEnv_hangs(t *testing.T) {
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "pid")
	env := map[string]string{"SHELL": shell(t, fmt.Sprintf("sleep 600 & echo $! > %s; wait", pidFile)), "CLAWDBOT_SHELL_ENV_TIMEOUT_MS": "300"}
	begin := time.Now()
	vars, err := ShellEnv(context.Background(), mustConfig(t, "{env:{shellEnv:{enabled:true}}}"), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err == nil || len(vars) > 0 || !strings.Contains(err.Error(), "within 300ms") {
		t.Errorf("%v, %v", vars, err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	b, err := os.ReadFile(pidFile)
	if err != nil {
		t.Skip("the shell did not come as far as its child") // a very slow machine
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatal("the child lives")
		}
	}
}

// alive tells whether a process runs; one that only waits to be collected does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}
