package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/mcp"
)

// TestMCP_start: a server of tools starts in the workspace, which is made for it, or in a directory of its own, never among the
// gateway's state; and it gets the variables that stand in a list, and its own.
func TestMCP_start(t *testing.T) {
	t.Parallel()
	for name, workspace := range map[string]string{"made": "work/space", "impossible": "file/below"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			dialed := make(chan mcp.Server, 1)
			s := setup{dir: dir, log: slog.DiscardHandler,
				config: `{agent: {workspace: "` + filepath.Join(dir, workspace) + `"}, mcp: {servers: {fake: {command: "fake", env: {OWN: "1"}}}}}`,
				env:    map[string]string{"LANG": "C", "HTTPS_PROXY": "http://proxy", "MY_API_KEY": "CANARY", "DBUS_SESSION_BUS_ADDRESS": "CANARY"},
				options: func(o *gateway.Options) {
					o.MCP = func(_ context.Context, s mcp.Server) (mcp.Session, error) {
						select {
						case dialed <- s:
						default:
						}
						return nil, errors.New("it does not start")
					}
				},
			}
			s.start(t)
			var got mcp.Server
			select {
			case got = <-dialed:
			case <-deadline(t).Done():
				t.Fatal("no server is started")
			}
			want := filepath.Join(dir, workspace)
			if name == "impossible" {
				want = filepath.Join(dir, "mcp", "fake")
			}
			if info, err := os.Stat(got.Dir); got.Dir != want || err != nil || !info.IsDir() {
				t.Errorf("it starts in %s, want %s (%v)", got.Dir, want, err)
			}
			for _, pair := range []string{"LANG=C", "HTTPS_PROXY=http://proxy", "OWN=1"} {
				if !slices.Contains(got.Env, pair) {
					t.Errorf("no %s in %q", pair, got.Env)
				}
			}
			if strings.Contains(strings.Join(got.Env, " "), "CANARY") {
				t.Errorf("a secret: %q", got.Env)
			}
		})
	}
}
