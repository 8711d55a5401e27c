package devtools

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestEnvironment: what the gateway has in its environment stays out of the browser's processes.
func TestEnvironment(t *testing.T) {
	t.Setenv("CLAWDBOT_GATEWAY_TOKEN", "CANARY")
	b, _ := start(t)
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(line, []byte(b.o.Profile)) {
			continue // of somebody else, or over
		}
		if env, err := os.ReadFile(filepath.Join(filepath.Dir(path), "environ")); err == nil {
			seen++
			if bytes.Contains(env, []byte("CANARY")) {
				t.Errorf("the token is in the environment of %.80q", line)
			}
		}
	}
	if seen == 0 {
		t.Error("no process of the browser was found")
	}
}
