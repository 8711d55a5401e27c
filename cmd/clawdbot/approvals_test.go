//go:build unix

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/wire"
)

// asker plays a model that runs "echo" and what it was told.
func asker(s modeltest.Seen) modeltest.Step {
	if results := s.Results(); len(results) > 0 {
		return modeltest.Step{Text: []string{results[len(results)-1].Text}}
	}
	args, _ := json.Marshal(map[string][]string{"argv": {"echo", s.Last()}})
	return modeltest.Step{Calls: []model.Call{{ID: "call_1", Name: "bash", Args: args}}}
}

// waiting is the one command that waits, once there is one.
func waiting(t *testing.T, b *brain) (p wire.ExecApproval) {
	t.Helper()
	for {
		var r wire.ExecApprovalsListResult
		if err := b.cli.Call(b.ctx, "exec.approvals.list", struct{}{}, &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Pending) == 1 {
			return r.Pending[0]
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-b.ctx.Done(): // the next call fails
		}
	}
}

// TestApprovals: a command waits until it is allowed from the command line, once or for good, or denied; what was allowed for good is
// not asked about again until it is forgotten.
func TestApprovals(t *testing.T) {
	t.Parallel()
	b := startBrainWith(t, modeltest.Chat{}, `tools: {exec: {ask: "on-miss"}}`, "")
	b.srv.Play(asker)
	shows := func(want string, args ...string) string {
		t.Helper()
		r := b.client(t, append([]string{"approvals"}, args...)...)
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Fatalf("approvals %q: %+v, want %q", args, r, want)
		}
		return r.out
	}
	shows("No command waits", "list")
	turn := func(key, text string) <-chan string {
		ended := make(chan string, 1)
		go func() { ended <- b.say(t, said(key, key, text)) }()
		return ended
	}
	got := func(ended <-chan string, want string) {
		t.Helper()
		if text := <-ended; !strings.Contains(text, want) {
			t.Errorf("%q, want %q", text, want)
		}
	}

	ended := turn("one", "first 'words'")
	p := waiting(t, b)
	for _, want := range []string{p.ID + "  waits", `  $ echo "first 'words'"`, "for session one (chat)", "approvals allow ID"} {
		shows(want, "list")
	}
	shows(p.ID+": allowed.", "allow", p.ID[:8])
	got(ended, "first 'words'")

	ended = turn("two", "not this")
	shows("denied", "deny", waiting(t, b).ID)
	got(ended, "the person who was asked said no")

	ended = turn("three", "always")
	shows("from now on without asking", "allow", "--always", waiting(t, b).ID)
	got(ended, "always")
	got(turn("four", "always"), "always")
	var all wire.ExecApprovalsListResult
	if r := b.client(t, "approvals", "list", "--json"); wire.Unmarshal([]byte(r.out), &all) != nil || len(all.Allowed) != 1 {
		t.Fatalf("%+v", r)
	}
	shows("echo always", "list")
	shows("Forgotten: echo always", "forget", all.Allowed[0].ID)
	shows("No command waits", "list")
	for _, c := range [][]string{{"allow", "nonsense"}, {"deny", p.ID}, {"forget", "nonsense"}} {
		if r := b.client(t, append([]string{"approvals"}, c...)...); r.code != 1 || r.err == "" {
			t.Errorf("%q: %+v", c, r)
		}
	}
	b.stop(t)
}

// TestUsage: the command line shows what a turn took, and which limit holds the next one up.
func TestUsage(t *testing.T) {
	t.Parallel()
	b := startBrain(t, modeltest.Chat{}, "")
	b.srv.Play(func(modeltest.Seen) modeltest.Step { return modeltest.Step{Text: []string{"yes"}} })
	b.say(t, said("main", "one", "hello"))
	r := b.client(t, "usage")
	for _, want := range []string{"BEGUN BY", "chat       1", "acme/test-model  1     1"} {
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Errorf("no %q in %+v", want, r)
		}
	}
	if r := b.client(t, "config", "set", "agent.limits.chat.dayTokens", "1"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	var u wire.UsageStatusResult
	for u.Triggers == nil || u.Triggers[0].Reached == nil { // the file is being read
		if r = b.client(t, "usage", "--json", "--days", "0"); r.code != 0 || wire.Unmarshal([]byte(r.out), &u) != nil {
			t.Fatalf("%+v", r)
		}
	}
	if r = b.client(t, "usage"); !strings.Contains(r.out, "No more runs of chat until then: agent.limits.chat.dayTokens is reached.") {
		t.Errorf("%+v", r)
	}
	if r = b.client(t, "agent", "--session-key", "main", "-m", "again"); r.code != 1 || !strings.Contains(r.err, "(agent.limits.chat.dayTokens)") {
		t.Errorf("%+v", r)
	}
	b.stop(t)
}
