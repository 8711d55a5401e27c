package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every command reads the .env file of the state directory; the environment is stronger, and a bad line is named
// without being repeated.
func TestDotEnv(t *testing.T) {
	t.Parallel()
	vars := home(t, "{}")
	dotEnv := filepath.Join(vars["HOME"], ".clawdbot", ".env")
	if err := os.WriteFile(dotEnv, []byte("CLAWDBOT_GATEWAY_PORT=9\nCANARY is no line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := invoke(vars, "health")
	if r.code != 1 || !strings.Contains(r.err, "ws://127.0.0.1:9;") || !strings.HasPrefix(r.err, "warning: "+dotEnv+": line 2: is not NAME=value\n") || strings.Contains(r.err, "CANARY") {
		t.Errorf("%+v", r)
	}
	vars["CLAWDBOT_GATEWAY_PORT"] = "11"
	if r := invoke(vars, "health"); r.code != 1 || !strings.Contains(r.err, "ws://127.0.0.1:11;") {
		t.Errorf("%+v", r)
	}
}
