package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	vars := home(t, "{gateway: {port: 11111}}")
	dir := filepath.Join(vars["HOME"], ".clawdbot-work")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "clawdbot.json"), []byte("{gateway: {port: 22222}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dev  bool
		name string
		url  string
	}{
		{false, "", "ws://127.0.0.1:11111"}, {false, "default", "ws://127.0.0.1:11111"}, {false, "work", "ws://127.0.0.1:22222"},
		{true, "", "ws://127.0.0.1:19001"}, {true, "dev", "ws://127.0.0.1:19001"}, {false, "other", "ws://127.0.0.1:18789"},
	} {
		a := &app{lookup: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
		if err := a.useProfile(c.dev, c.name); err != nil {
			t.Fatal(err)
		}
		if got, err := a.target(clientFlags{}); err != nil || got.url != c.url {
			t.Errorf("%+v: %s %v", c, got.url, err)
		}
	}
	port := freePort(t)
	if err := os.WriteFile(filepath.Join(dir, "clawdbot.json"), []byte("{gateway: {port: "+port+"}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"health --profile work", "--profile work gateway health"} {
		if r := invoke(vars, strings.Fields(args)...); r.code != exitFailed || !strings.Contains(r.err, "127.0.0.1:"+port+";") {
			t.Errorf("%s: %+v", args, r)
		}
	}
	vars["CLAWDBOT_GATEWAY_PORT"] = freePort(t)
	if r := invoke(vars, "health", "--profile", "work"); !strings.Contains(r.err, "127.0.0.1:"+vars["CLAWDBOT_GATEWAY_PORT"]+";") {
		t.Errorf("a variable that is set counts less than the profile: %+v", r)
	}
	for _, args := range []string{"--dev --profile work health", "health --profile Work", "health --profile ../x"} {
		if r := invoke(vars, strings.Fields(args)...); r.code != exitUsage || !strings.Contains(r.err, "--profile") {
			t.Errorf("%s: %+v", args, r)
		}
	}
}

func TestSend_dryRun(t *testing.T) {
	t.Parallel()
	r := invoke(home(t, ""), "send", "-t", "123", "-m", "hello", "--provider", "telegram", "--dry-run")
	if r.code != 0 || !strings.Contains(r.out, "Not sent") || !strings.Contains(r.out, "telegram") {
		t.Errorf("%+v", r)
	}
	r = invoke(home(t, ""), "gateway", "send", "-t", "123", "-m", "hello", "--gif-playback", "--idempotency-key", "k", "--dry-run", "--json")
	if r.code != 0 || !strings.Contains(r.out, `"idempotencyKey": "k"`) || !strings.Contains(r.out, `"gifPlayback": true`) {
		t.Errorf("%+v", r)
	}
	if r := invoke(home(t, ""), "gateway", "agent", "-m", "x", "--session-key", "main", "--timeout-seconds", "0"); r.code != exitUsage || !strings.Contains(r.err, "--timeout-seconds must be") {
		t.Errorf("%+v", r)
	}
}
