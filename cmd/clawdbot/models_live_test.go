package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
)

// cli runs a command line of the program against the daemon.
func (d *daemon) cli(t *testing.T, args ...string) (out string, err error) {
	t.Helper()
	c := command(t, append(d.env, "CLAWDBOT_SKIP_LOCAL_MODELS=1"), append(args, "--url", d.url)...)
	b, err := c.CombinedOutput()
	return string(b), err
}

// TestModels_live: what `models status --probe` and `models scan` say of real servers, good and bad, and what they choose.
func TestModels_live(t *testing.T) {
	t.Parallel()
	b := startBrain(t, modeltest.Chat{}, "")
	local := modeltest.New(t, modeltest.Chat{})
	local.Play(func(s modeltest.Seen) modeltest.Step {
		switch {
		case len(s.Request.Tools) > 0:
			return modeltest.Step{Calls: []model.Call{{ID: "call_1", Name: "ping", Args: json.RawMessage(`{}`)}}}
		case strings.Contains(string(s.Body), "image_url"):
			return modeltest.Step{Fail: model.Invalid}
		}
		return modeltest.Step{Text: []string{"ok"}}
	})
	b.srv.Play(func(s modeltest.Seen) modeltest.Step {
		if s.Request.Model == "other-model" {
			return modeltest.Step{Fail: model.NoQuota}
		}
		return modeltest.Step{Text: []string{"ok"}}
	})
	path := filepath.Join(b.dir, "config.json5")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	home := fmt.Sprintf(`home: {baseUrl: %q, apiKey: %q}, gone: {baseUrl: "http://127.0.0.1:1", apiKey: "k"}, acme:`, local.URL(), modeltest.Key)
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "acme:", home, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	status := b.statusOf(t)
	for _, want := range []string{`"acme"`, `"source": "config"`, `"acme/test-model"`, `"fallback"`} {
		if !strings.Contains(status, want) {
			t.Errorf("%s is not in %s", want, status)
		}
	}
	out, err := b.daemon.cli(t, "models", "status", "--probe")
	if err == nil || !strings.Contains(out, "1 of 2 chosen models do not answer") || !strings.Contains(out, string(model.NoQuota)) || !strings.Contains(out, "unreachable") {
		t.Errorf("status --probe: %v\n%s", err, out)
	}
	if strings.Contains(status+out, modeltest.Key) {
		t.Error("a key is shown")
	}
	out, err = b.daemon.cli(t, "models", "scan", "--provider", "home", "--probe", "--limit", "1", "--json", "--set-default", "first")
	if err != nil || !strings.Contains(out, `"tools": "yes"`) || !strings.Contains(out, `"images": "no"`) {
		t.Errorf("scan: %v\n%s", err, out)
	}
	text, err = os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), `"home/`) {
		t.Errorf("the config file: %s, %v", text, err)
	}
	if out, err := b.daemon.cli(t, "models", "scan", "--add-fallback", "home/none-such"); err == nil || !strings.Contains(out, "nothing was changed") {
		t.Errorf("a fallback that nobody offers: %v\n%s", err, out)
	}
}

// statusOf waits until the daemon has taken the changed config file over.
func (b *brain) statusOf(t *testing.T) string {
	t.Helper()
	for {
		out, err := b.daemon.cli(t, "models", "status", "--json")
		if err != nil {
			t.Fatalf("models status: %v\n%s", err, out)
		}
		if strings.Contains(out, `"home"`) || b.ctx.Err() != nil {
			return out
		}
	}
}
