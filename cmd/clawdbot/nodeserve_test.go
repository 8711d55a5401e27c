package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/child/childtest"
	"github.com/clawdbot/gateway/transport/web/webtest"
	"github.com/clawdbot/gateway/transport/wire"
)

// recorder is an ffmpeg that makes the beginning of a video of anything.
const recorder = "#!/bin/sh\nfor last; do :; done\nprintf '\\000\\000\\000\\030ftypmp42\\000\\000\\000\\000mp42isom' >\"$last\"\n"

// TestNode_serves has a node do each thing that it offers, from the command line, and takes its token away in the end.
func TestNode_serves(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	childtest.Write(t, filepath.Join(bin, "ffmpeg"), recorder)
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "DISPLAY=:7", "TMPDIR=" + t.TempDir()}
	r := newNodeRig(t, true, env, "--allow-run", "echo", "--allow-run", "cat", "--location", "52.5163,13.3777", "--screen", "--camera")
	for _, c := range []struct {
		args []string
		code int
		want string // in stdout, or in stderr when code is not 0
	}{
		{[]string{"nodes", "list"}, 0, "connected"},
		{[]string{"nodes", "describe", "desk"}, 0, "system.run"},
		{[]string{"nodes", "location", "get"}, 0, "52.516300, 13.377700 (within 50 m"},
		{[]string{"nodes", "location", "get", "--accuracy", "coarse", "--node", "Desk"}, 0, "52.520000, 13.380000 (within 1000 m"},
		{[]string{"nodes", "run", "--", "echo", "good", "morning"}, 0, "good morning\n"},
		{[]string{"nodes", "run", "--json", "--", "echo", "x"}, 0, `"success": true`},
		{[]string{"nodes", "run", "--", "cat", "/no/such/file"}, exitFailed, "exit code 1"},
		{[]string{"nodes", "run", "--", "ls"}, exitFailed, "SYSTEM_RUN_DENIED: ls is not on the allow-list"},
		{[]string{"nodes", "run", "--env", "LD_PRELOAD=x", "--", "echo"}, exitFailed, "the variable LD_PRELOAD may not be set"},
		{[]string{"nodes", "notify", "--title", "Tea", "--body", "is ready"}, 0, "Shown on "},
		{[]string{"nodes", "invoke", "--command", "location.get"}, 0, `"payloadJSON"`},
		{[]string{"nodes", "invoke", "--node", r.id[:8], "--command", "no.such"}, exitFailed, "INVALID_REQUEST: unknown command"},
		{[]string{"nodes", "invoke", "--node", "kitchen", "--command", "x"}, exitFailed, "unknown node: kitchen (known: Desk [" + r.id + "])"},
		{[]string{"nodes", "invoke", "--command", "x"}, exitFailed, "no node offers x"},
		{[]string{"nodes", "camera", "snap", "--node", "desk", "--facing", "up"}, exitUsage, "--facing is front, back or both"},
		{[]string{"nodes", "camera", "list", "--node", "desk", "--invoke-timeout", "0"}, exitUsage, ""},
	} {
		have := r.client(c.args...)
		text := have.out
		if c.code != 0 {
			text = have.err
		}
		if have.code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("%q: %+v, want %d %q", c.args, have, c.code, c.want)
		}
	}
	r.node.waitLine("notification: Tea · is ready")
	out := filepath.Join(t.TempDir(), "screen.mp4")
	if have := r.ok("nodes", "screen", "record", "--duration", "300ms", "--out", out); have != out+"\n" {
		t.Errorf("%q", have)
	}
	checkMedia(t, out, "ftypmp42")
	r.testCanvas()

	if have := r.ok("nodes", "revoke", "desk"); !strings.Contains(have, "is not paired any more") {
		t.Errorf("%q", have)
	}
	r.node.waitLine("Waits to be let in")
	r.until("the node is still paired, or does not ask again", func() bool {
		var paired wire.NodePairListResult
		return r.call("node.pair.list", struct{}{}, &paired) == nil && len(paired.Paired) == 0 && len(paired.Pending) == 1
	})
	r.ok("nodes", "reject", r.id)
	if code := r.node.end(); code != exitFailed || !strings.Contains(r.node.errs.String(), "turned this computer away") {
		t.Errorf("exit code %d:\n%s%s", code, r.node.all, r.node.errs)
	}
	r.gateway.stop(t)
}

// TestNode_page lets a node in with a click in the page.
func TestNode_page(t *testing.T) {
	t.Parallel()
	browser := webtest.Start(t)
	r := newNodeRigBy(t, func(r *nodeRig) {
		p := browser.Page(t)
		p.Open("http://127.0.0.1:" + r.ports[0] + "/")
		p.WaitText(`[data-node="`+r.id+`"]`, "Desk wants to be a device")
		p.Click(`[data-node="` + r.id + `"] .primary`)
		p.Wait(`document.querySelector('#devices').hidden`)
	}, false, nil, "--no-canvas", "--location", "1,2")
	if have := r.ok("nodes", "location", "get"); !strings.HasPrefix(have, "1.000000, 2.000000") {
		t.Error(have)
	}
	if code := r.node.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	r.gateway.stop(t)
}

// checkMedia: the file is there for its owner alone, and is what it should be.
func checkMedia(t *testing.T, path, content string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v %v", path, info, err)
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Contains(b[:min(len(b), 64)], []byte(content)) {
		t.Errorf("%s begins %q, %v", path, b[:min(len(b), 64)], err)
	}
}

// show runs a command of the canvas that must work, however busy the machine is.
func (r *nodeRig) show(args ...string) string {
	r.t.Helper()
	return r.ok(append(append([]string{"nodes", "canvas"}, args...), "--invoke-timeout", "60s")...)
}

// testCanvas uses the real browser, where there is one.
func (r *nodeRig) testCanvas() {
	t := r.t
	t.Helper()
	found := false
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		_, err := exec.LookPath(name)
		found = found || err == nil
	}
	if !found {
		if os.Getenv("CLAWDBOT_REQUIRE_BROWSER") == "1" {
			t.Error("no chromium on this machine")
		}
		t.Log("no chromium on this machine: the canvas is not tried")
		return
	}
	r.show("present", "--target", "/__clawdbot__/canvas/", "--width", "640", "--height", "480")
	if have := r.show("eval", "--js", "document.title + ' ' + location.pathname"); have != "Clawdbot Canvas /__clawdbot__/canvas/\n" {
		t.Errorf("eval: %q", have)
	}
	// What somebody does in that page reaches the agent.
	if have := r.show("eval", "--js", `clawdbotSendUserAction({name:"hello",surfaceId:"main",sourceComponentId:"demo.hello"})`); have != "true\n" {
		t.Errorf("action: %q", have)
	}
	r.until("the agent does not hear of a click", func() bool {
		var h wire.ChatHistoryResult
		if r.call("chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &h) != nil {
			return false
		}
		return slices.ContainsFunc(h.Messages, func(m wire.Raw) bool {
			return strings.Contains(string(m), "CANVAS_A2UI action=hello session=main surface=main component=demo.hello host=Desk")
		})
	})
	for _, format := range []string{"png", "jpg"} {
		var saved struct{ Files []savedMedia }
		if err := json.Unmarshal([]byte(r.show("snapshot", "--format", format, "--json")), &saved); err != nil || len(saved.Files) != 1 {
			t.Fatalf("%+v %v", saved, err)
		}
		path := saved.Files[0].Path
		checkMedia(t, path, map[string]string{"png": "PNG", "jpg": "JFIF"}[format])
		if !regexp.MustCompile(`clawdbot-canvas-snapshot-\d+\.` + format + `$`).MatchString(path) {
			t.Error(path)
		}
		_ = os.Remove(path)
	}
	r.show("hide")
	r.show("navigate", "/")
	if have := r.client("nodes", "canvas", "eval", "--js", "nothing.here", "--invoke-timeout", "60s"); have.code != exitFailed || !strings.Contains(have.err, "ReferenceError") {
		t.Errorf("%+v", have)
	}
	have := r.client("nodes", "canvas", "a2ui", "push", "--text", "Dinner is ready", "--invoke-timeout", "60s")
	switch drawn := have.code == 0 && strings.Contains(have.out, "Drawn on "); {
	case drawn:
		if have := r.show("eval", "--js", "clawdbotA2UI.getSurfaces().join()"); have != "main\n" {
			t.Errorf("surfaces: %q", have)
		}
		r.show("a2ui", "reset")
	case os.Getenv("CLAWDBOT_REQUIRE_A2UI") == "1" || !strings.Contains(have.err, "A2UI_HOST_UNAVAILABLE"):
		t.Errorf("%+v", have)
	}
}
