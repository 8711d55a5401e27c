package gateway_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/ws/wstest"
)

// TestBadFrames tries every case of `wsload badframes` on a gateway and compares with the committed table. Most of its
// minute is silence: the cases in which nothing must come.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	wsload := filepath.Join(t.TempDir(), "wsload")
	build := exec.CommandContext(ctx, "go", "build", "-o", wsload, root+"/cmd/wsload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build wsload: %v\n%s", err, out)
	}
	g := setup{env: map[string]string{"CLAWDBOT_GATEWAY_TOKEN": "test-token", "CLAWDBOT_BRIDGE_ENABLED": "0"}}.start(t)
	bystander := dial(t, g.URL(), token("test-token"))

	play := func() []byte {
		cmd := exec.CommandContext(ctx, wsload, "badframes", "--url", g.URL(), "--token", "test-token")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("wsload: %v\n%s%s", err, errs.String(), cut(out.String()))
		}
		return out.Bytes()
	}
	wstest.CompareBadframes(t, play, root+"/transport/ws/testdata/badframes.json", wstest.Gateway)

	bystander.ok("health", nil, nil) // alive, and nobody else noticed
	for _, a := range g.Actors() {
		if a.Restarts > 0 {
			t.Errorf("%s crashed: %s", a.Path, a.LastPanic)
		}
	}
}
