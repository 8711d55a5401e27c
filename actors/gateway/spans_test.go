package gateway

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/traces"
)

// TestRunSpans: what a trace begins with by the kind of its run, and what it is linked to.
func TestRunSpans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind agent.Kind
		want string
	}{
		{agent.KindInbound, "message"}, {agent.KindChat, "chat.send"}, {agent.KindAgent, "agent"}, {agent.KindNode, "node request"},
		{agent.KindSub, "sub-agent"}, {agent.KindReport, "sub-agent report"}, {cron.KindCron, "cron"}, {cron.KindHeartbeat, "heartbeat"},
		{cron.KindHook, "hook"}, {"of an embedder", "run of another kind"},
	} {
		j := agent.Job{ID: "x:" + string(c.kind), Kind: c.kind, AcceptedAt: 1, StartedAt: 2}
		all := runSpans(agent.Ended{Job: j, State: agent.Aborted, EndedAt: 3})
		if len(all) != 3 || all[0].Name != c.want || all[1].Parent != all[0].ID || all[2].Parent != all[0].ID || all[2].Error != "" {
			t.Errorf("%s: %+v", c.kind, all)
		}
	}
	sub := agent.Job{ID: "sub:1", Kind: agent.KindSub, AcceptedAt: 5}
	sub.Request = agent.Job{ID: "in-1", SessionKey: "main"}.Inner()
	all := runSpans(agent.Ended{Job: sub, State: agent.Aborted, EndedAt: 7})
	if len(all) != 2 || all[1].End.UnixMilli() != 7 { // stopped before it began
		t.Fatalf("%+v", all)
	}
	if l := all[0].Links; len(l) != 1 || l[0].Trace != traces.TraceOf("in-1") || l[0].Span != traces.SpanOf("in-1", spanRun) {
		t.Errorf("links %+v", l)
	}
}

// TestBeginning_merged: a message that another one's run has answered is a trace of its own that leads there.
func TestBeginning_merged(t *testing.T) {
	t.Parallel()
	e := agent.Ended{Job: agent.Job{ID: "b", Kind: agent.KindInbound}, State: agent.Failed, Err: "Error: CANARY", EndedAt: 9}
	j := agent.Job{ID: "a", Kind: agent.KindInbound, AcceptedAt: 4}
	j.Request.ReceivedAt = 3
	s := mergedSpan(j, e)
	if s.Trace != traces.TraceOf("a") || s.Start.UnixMilli() != 3 || s.End.UnixMilli() != 9 || s.Error != "failed" || len(s.Links) != 1 || s.Links[0].Span != traces.SpanOf("b", spanRun) {
		t.Errorf("%+v", s)
	}
}

// TestShownID: a client's own word for its run is not told to a collector.
func TestShownID(t *testing.T) {
	t.Parallel()
	const id = "heartbeat:0b1c9d9e-6b0f-4a55-8f5c-1f0a35d6c111"
	if got := shownID(id); got != id {
		t.Error(got)
	}
	for _, secret := range []string{"chat:+4915112345678", "agent:CANARY", "agent:CANARY" + strings.Repeat("x", 60) + ":0b1c9d9e-6b0f-4a55-8f5c-1f0a35d6c111", ""} {
		if got := shownID(secret); got == secret || strings.Contains(got, "CANARY") || len(got) != 36 {
			t.Errorf("%q is shown as %q", secret, got)
		}
	}
}
