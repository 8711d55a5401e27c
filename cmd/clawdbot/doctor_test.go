package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/doctor"
)

// TestDoctor asks a real gateway, plants what can be repaired, and has it repaired.
func TestDoctor(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"HOME": t.TempDir(), "CLAWDBOT_STATE_DIR": t.TempDir(), "CLAWDBOT_GATEWAY_PORT": "1"}
	r := invoke(vars, "doctor", "--json")
	var down struct{ Findings []doctor.Finding }
	if err := json.Unmarshal([]byte(r.out), &down); err != nil || r.code == 0 || !strings.Contains(r.out, `"gateway.down"`) {
		t.Fatalf("without a gateway: %d %s%s", r.code, r.out, r.err)
	}
	d := startDaemon(t)
	if r := d.client(t, "doctor"); strings.Contains(r.out, "error ") {
		t.Errorf("a new gateway:\n%s%s", r.out, r.err)
	}
	loose := filepath.Join(d.dir, ".clawdbot", "loose.txt")
	if err := os.WriteFile(loose, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(loose, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := d.client(t, "doctor"); r.code != exitFailed || !strings.Contains(r.out, "[state.file-mode]") || !strings.Contains(r.out, "add --fix") {
		t.Errorf("an open file: %d\n%s", r.code, r.out)
	}
	fix := command(t, d.env, "security", "audit", "--fix")
	if said, _ := fix.CombinedOutput(); !strings.Contains(string(said), "repaired  others on this machine can read loose.txt") {
		t.Errorf("the repair:\n%s", said)
	}
	if info, err := os.Stat(loose); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("after the repair: %v %v", info, err)
	}
}
