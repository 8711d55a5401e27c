package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/telegram"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestWizard: a client is led through the setup, one dialogue at a time, and the file has what it said.
func TestWizard(t *testing.T) {
	t.Parallel()
	s := setup{
		dir: t.TempDir(), config: "{\n  // mine\n  identity: {name: 'Clawd'},\n}\n",
		options: func(o *gateway.Options) { o.Providers = []providers.Factory{telegram.Factory()} },
	}
	c := dial(t, s.start(t).URL())
	var r wire.WizardResult
	c.ok("wizard.start", wire.WizardStartParams{Mode: "local", Workspace: "~/w"}, &r)
	id := r.SessionID
	if r.Done || r.Status != wizard.Running || r.Step == nil || r.Step.Type != "note" || r.Step.Executor != "client" || id == "" {
		t.Fatalf("%+v", r)
	}
	if e := c.refused("wizard.start", nil); e.Code != wire.CodeUnavailable || e.Message != "wizard already running" {
		t.Errorf("%+v", e)
	}
	var again wire.WizardResult
	c.ok("wizard.next", wire.WizardNextParams{SessionID: id}, &again)
	if again.SessionID != "" || again.Step == nil || again.Step.ID != r.Step.ID {
		t.Errorf("%+v", again)
	}
	next := func(v string) {
		t.Helper()
		step := r.Step.ID
		r = wire.WizardResult{}
		c.ok("wizard.next", wire.WizardNextParams{SessionID: id, Answer: &wire.WizardAnswer{StepID: step, Value: wire.Raw(v)}}, &r)
	}
	for _, e := range []struct {
		method string
		params any
		want   string
	}{
		{"wizard.next", wire.WizardNextParams{SessionID: "nobody"}, "wizard not found"},
		{"wizard.next", wire.WizardNextParams{SessionID: id, Answer: &wire.WizardAnswer{StepID: "x"}}, "Error: wizard: no pending step"},
		{"wizard.status", wire.WizardStatusParams{SessionID: "nobody"}, "wizard not found"},
		{"wizard.cancel", wire.WizardCancelParams{SessionID: "nobody"}, "wizard not found"},
	} {
		if err := c.refused(e.method, e.params); err.Code != wire.CodeInvalidRequest || err.Message != e.want {
			t.Errorf("%s: %+v", e.method, err)
		}
	}
	next("null")  // the note
	next(`"~/w"`) // the folder
	next("false") // reach
	next("[]")    // surfaces
	if !strings.Contains(r.Step.Message, "agent.workspace") || strings.Contains(r.Step.Message, "identity") {
		t.Errorf("summary %q", r.Step.Message)
	}
	next("true")
	if !r.Done || r.Status != wizard.Done || r.Step != nil {
		t.Fatalf("%+v", r)
	}
	b, err := os.ReadFile(filepath.Join(s.dir, "clawdbot.json"))
	if file := string(b); err != nil || !strings.Contains(file, "// mine") || !strings.Contains(file, `"~/w"`) || !strings.Contains(file, "lastRunMode") {
		t.Errorf("%s %v", file, err)
	}
	if e := c.refused("wizard.status", wire.WizardStatusParams{SessionID: id}); e.Message != "wizard not found" {
		t.Errorf("%+v", e) // its end was heard
	}
}

// TestWizard_wrongAnswerAndCancel: both end the dialogue, and nothing is written.
func TestWizard_wrongAnswerAndCancel(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	c := dial(t, s.start(t).URL())
	var r wire.WizardResult
	c.ok("wizard.start", wire.WizardStartParams{Mode: "remote"}, &r)
	id := r.SessionID
	for _, v := range []string{"true", `"ftp://x"`} {
		step := r.Step.ID
		r = wire.WizardResult{}
		c.ok("wizard.next", wire.WizardNextParams{SessionID: id, Answer: &wire.WizardAnswer{StepID: step, Value: wire.Raw(v)}}, &r)
	}
	if !r.Done || r.Status != wizard.Failed || !strings.HasPrefix(r.Error, "Error: the address") {
		t.Errorf("%+v", r)
	}
	c.ok("wizard.start", nil, &r)
	var st wire.WizardStatusResult
	c.ok("wizard.status", wire.WizardStatusParams{SessionID: r.SessionID}, &st)
	if st.Status != wizard.Running {
		t.Errorf("%+v", st)
	}
	c.ok("wizard.cancel", wire.WizardCancelParams{SessionID: r.SessionID}, &st)
	if st != (wire.WizardStatusResult{Status: "cancelled", Error: "cancelled"}) {
		t.Errorf("%+v", st)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "clawdbot.json")); !os.IsNotExist(err) {
		t.Errorf("written all the same: %v", err)
	}
}
