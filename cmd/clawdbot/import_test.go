package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

const smallState = "../../actors/importer/testdata/small"

func TestImport_rehearsal(t *testing.T) {
	t.Parallel()
	vars := home(t, "")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(smallState)); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(dir, "clawdbot.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := invoke(vars, "import", "--dry-run", "--state-dir", dir)
	if r.code != 0 || r.err != "" {
		t.Fatalf("%+v", r)
	}
	for _, want := range []string{
		"Nothing is changed", "- sessions/sessions.json: 3 sessions came over", "! sessions/0b9d6f6e", `gets bridge.bind "lan"`,
		"Sessions 3, transcripts 2 with 5 messages, jobs 2 with 1 runs, nodes 1.",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	var rep wire.ImportReport
	r = invoke(vars, "import", "--dry-run", "--state-dir", dir, "--json")
	if err := wire.Unmarshal([]byte(r.out), &rep); err != nil || rep.Lines != 5 {
		t.Errorf("%v: %s", err, r.out)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, "clawdbot.json")); string(now) != string(config) {
		t.Errorf("the rehearsal has changed the config: %s", now)
	}
	if all, _ := filepath.Glob(filepath.Join(dir, "*")); len(all) != 5 {
		t.Errorf("the rehearsal has left %v", all)
	}

	if err := os.WriteFile(filepath.Join(dir, "clawdbot.json"), []byte("{telegram: 5}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := invoke(vars, "import", "--dry-run", "--state-dir", dir); r.code != 0 || !strings.Contains(r.out, "is not valid, and the gateway does not start with it") {
		t.Errorf("%+v", r)
	}
	if r := invoke(vars, "import", "--dry-run", "--state-dir", t.TempDir()); r.code != 0 || !strings.Contains(r.out, "nothing to import") {
		t.Errorf("%+v", r)
	}
	if r := invoke(vars, "import", "--dry-run", "--state-dir", dir+"/none"); r.code != exitFailed || !strings.Contains(r.err, "is not a directory") {
		t.Errorf("%+v", r)
	}
	if r := invoke(vars, "import", "--state-dir", dir); r.code != exitUsage {
		t.Errorf("%+v", r)
	}
}

func TestImport_ofTheRunningGateway(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	if out := l.ok("import"); !strings.Contains(out, "Nothing has been imported") {
		t.Errorf("%s", out)
	}
	var s wire.ImportStatusResult
	if l.json(&s, "import"); s.State != "none" || s.Report != nil {
		t.Errorf("%+v", s)
	}
}
