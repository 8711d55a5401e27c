package gateway_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

var ipad = wire.NodePairRequestParams{
	NodeID: "n1", DisplayName: "iPad", Platform: "iPadOS", Version: "1.2", DeviceFamily: "iPad", ModelIdentifier: "iPad16,6",
	Caps: []string{"canvas", "camera"}, Commands: []string{"canvas.eval", "camera.snap", " camera.snap "}, RemoteIP: "192.0.2.30",
}

// pairRequest has a node ask for its pairing.
func pairRequest(c *socket, p wire.NodePairRequestParams) (r wire.NodePairRequestResult) {
	c.t.Helper()
	c.ok("node.pair.request", p, &r)
	return r
}

// before says that the first frame that matches a stands before the answer to the last call.
func before(c *socket, from int, name string) frame {
	c.t.Helper()
	at, ev := c.wait(name, from, event(name))
	if answer, _ := c.wait("the answer", from, func(f frame) bool { return f.Type == "res" }); answer < at {
		c.t.Errorf("%s came after the answer", name)
	}
	return ev
}

// TestNodes_pairing: request, approve, verify, list, rename (protocol 13, nodes).
func TestNodes_pairing(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	g := s.start(t)
	c, other := dial(t, g.URL()), dial(t, g.URL())

	mark := c.mark()
	r := pairRequest(c, ipad)
	ev := before(c, mark, "node.pair.requested")
	var told wire.NodePending
	ev.decode(t, &told)
	if r.Status != "pending" || !r.Created || r.Request.IsRepair || told.RequestID != r.Request.RequestID || told.DisplayName != "iPad" {
		t.Errorf("request %+v, event %s", r, ev.raw)
	}
	if strings.Contains(ev.raw, "permissions") || strings.Contains(ev.raw, "silent") || strings.Contains(ev.raw, "token") {
		t.Errorf("event %s", ev.raw)
	}
	other.wait("the event of another client", 0, event("node.pair.requested"))

	mark = c.mark()
	again := pairRequest(c, wire.NodePairRequestParams{NodeID: " n1 ", DisplayName: "Other"})
	if again.Created || again.Request.RequestID != r.Request.RequestID || again.Request.DisplayName != "iPad" {
		t.Errorf("a repeat made %+v", again)
	}
	second := pairRequest(c, wire.NodePairRequestParams{NodeID: "n2"})
	if _, ev := c.wait("the next event", mark, event("node.pair.requested")); !strings.Contains(ev.raw, `"n2"`) {
		t.Errorf("the repeat made an event: %s", ev.raw)
	}

	mark = c.mark()
	var approved wire.NodePairApproveResult
	c.ok("node.pair.approve", wire.NodePairApproveParams{RequestID: r.Request.RequestID}, &approved)
	token := approved.Node.Token
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(token) || approved.Node.CreatedAtMs == 0 || approved.Node.CreatedAtMs != approved.Node.ApprovedAtMs {
		t.Errorf("approved %+v", approved.Node)
	}
	ev = before(c, mark, "node.pair.resolved")
	var resolved wire.NodePairResolvedEvent
	ev.decode(t, &resolved)
	if resolved.RequestID != r.Request.RequestID || resolved.NodeID != "n1" || resolved.Decision != "approved" || resolved.TS == 0 {
		t.Errorf("event %s", ev.raw)
	}
	if e := c.refused("node.pair.approve", wire.NodePairApproveParams{RequestID: r.Request.RequestID}); e.Code != wire.CodeInvalidRequest || e.Message != "unknown requestId" {
		t.Errorf("approved twice: %+v", e)
	}

	verify := func(token string) (v wire.NodePairVerifyResult) {
		t.Helper()
		c.ok("node.pair.verify", wire.NodePairVerifyParams{NodeID: "n1", Token: token}, &v)
		return v
	}
	if v := verify(token); !v.OK || v.Node == nil || v.Node.DisplayName != "iPad" || v.Node.Token != "" {
		t.Errorf("verify: %+v", v)
	}
	if v := verify(token[:31] + "x"); v.OK || v.Node != nil {
		t.Errorf("a wrong token: %+v", v)
	}

	mark = c.mark()
	var rejected wire.NodePairRejectResult
	c.ok("node.pair.reject", wire.NodePairRejectParams{RequestID: second.Request.RequestID}, &rejected)
	if ev := before(c, mark, "node.pair.resolved"); rejected.NodeID != "n2" || !strings.Contains(ev.raw, `"decision":"rejected"`) {
		t.Errorf("rejected %+v, event %s", rejected, ev.raw)
	}
	if e := c.refused("node.pair.reject", wire.NodePairRejectParams{RequestID: "none"}); e.Code != wire.CodeInvalidRequest || e.Message != "unknown requestId" {
		t.Errorf("reject of nothing: %+v", e)
	}

	repair := pairRequest(c, wire.NodePairRequestParams{NodeID: "n1", DisplayName: "iPad 2"})
	if !repair.Created || !repair.Request.IsRepair {
		t.Errorf("repair %+v", repair)
	}
	var renewed wire.NodePairApproveResult
	c.ok("node.pair.approve", wire.NodePairApproveParams{RequestID: repair.Request.RequestID}, &renewed)
	if renewed.Node.CreatedAtMs != approved.Node.CreatedAtMs || renewed.Node.Token == token || renewed.Node.Platform != "" {
		t.Errorf("renewed %+v", renewed.Node)
	}
	if verify(token).OK || !verify(renewed.Node.Token).OK {
		t.Error("the old token still holds, or the new one does not")
	}

	stop(t, g) // all of it is on disk, and no token is
	c = dial(t, s.start(t).URL())
	var l wire.NodePairListResult
	f := c.ok("node.pair.list", nil, &l)
	if len(l.Paired) != 1 || l.Paired[0].NodeID != "n1" || l.Paired[0].DisplayName != "iPad 2" || l.Paired[0].Token != "" || len(l.Pending) != 0 {
		t.Errorf("after a restart: %s", f.raw)
	}
	if !strings.Contains(f.raw, `"token":""`) || !verify(renewed.Node.Token).OK {
		t.Errorf("list %s", f.raw)
	}
	for _, name := range []string{"gateway.db", "gateway.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(s.dir, name)); err == nil && strings.Contains(string(b), renewed.Node.Token) {
			t.Errorf("%s holds the token", name)
		}
	}
}

// TestNodes_listsNewestFirst: both lists of node.pair.list.
func TestNodes_listsNewestFirst(t *testing.T) {
	t.Parallel()
	g := setup{seed: func(tx *store.Tx) error {
		for i, id := range []string{"b", "a", "c"} {
			n := wire.NodePaired{NodeID: "p" + id, CreatedAtMs: 1, ApprovedAtMs: int64(100 + i)}
			raw, _ := wire.Marshal(n)
			if err := tx.PutNode(store.Node{ID: n.NodeID, TokenHash: []byte("h"), Detail: raw, CreatedAt: 1, ApprovedAt: n.ApprovedAtMs}); err != nil {
				return err
			}
		}
		return nil
	}}.start(t)
	c := dial(t, g.URL())
	var ids []string
	for _, id := range []string{"w1", "w2", "w3"} {
		last := pairRequest(c, wire.NodePairRequestParams{NodeID: id}).Request.TS
		for now := last; now == last; { // so that the next one is newer
			var l wire.NodeListResult
			c.ok("node.list", nil, &l)
			now = l.TS
		}
	}
	var l wire.NodePairListResult
	c.ok("node.pair.list", nil, &l)
	for _, p := range l.Pending {
		ids = append(ids, p.NodeID)
	}
	for _, p := range l.Paired {
		ids = append(ids, p.NodeID)
	}
	if !slices.Equal(ids, []string{"w3", "w2", "w1", "pc", "pa", "pb"}) {
		t.Errorf("order %q", ids)
	}
}

// TestNodes_rows: node.list, node.describe and node.rename of paired nodes.
func TestNodes_rows(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{}.start(t).URL())
	for _, p := range []wire.NodePairRequestParams{ipad, {NodeID: "z9", DisplayName: "android"}, {NodeID: "Charlie"}} {
		c.ok("node.pair.approve", wire.NodePairApproveParams{RequestID: pairRequest(c, p).Request.RequestID}, nil)
	}
	var l wire.NodeListResult
	f := c.ok("node.list", nil, &l)
	var order []string
	for _, n := range l.Nodes {
		order = append(order, n.NodeID)
		if !n.Paired || n.Connected {
			t.Errorf("row %+v", n)
		}
	}
	if !slices.Equal(order, []string{"z9", "Charlie", "n1"}) || l.TS == 0 || strings.Contains(f.raw, "token") {
		t.Errorf("list %s", f.raw)
	}
	var d wire.NodeDescribeResult
	f = c.ok("node.describe", wire.NodeDescribeParams{NodeID: " n1 "}, &d)
	if !slices.Equal(d.Commands, []string{"camera.snap", "canvas.eval"}) || !slices.Equal(d.Caps, []string{"camera", "canvas"}) || d.RemoteIP != "192.0.2.30" {
		t.Errorf("describe %s", f.raw)
	}
	if !strings.Contains(c.ok("node.describe", wire.NodeDescribeParams{NodeID: "z9"}, nil).raw, `"caps":[],"commands":[]`) {
		t.Error("empty lists are left out")
	}
	mark := c.mark()
	var renamed wire.NodeRenameResult
	c.ok("node.rename", wire.NodeRenameParams{NodeID: "n1", DisplayName: "  Kitchen  "}, &renamed)
	c.ok("node.describe", wire.NodeDescribeParams{NodeID: "n1"}, &d)
	if renamed != (wire.NodeRenameResult{NodeID: "n1", DisplayName: "Kitchen"}) || d.DisplayName != "Kitchen" || d.Platform != "iPadOS" {
		t.Errorf("renamed %+v, then %+v", renamed, d.NodeRow)
	}
	for _, f := range c.all(mark) {
		if strings.HasPrefix(f.Event, "node.") {
			t.Errorf("node.rename made the event %s", f.raw)
		}
	}
}

// TestNodes_refusals are the errors of node.* without a bridge (protocol 3.12).
func TestNodes_refusals(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{config: `{bridge: {enabled: false}}`}.start(t).URL())
	invoke := map[string]any{"nodeId": "n1", "command": "canvas.eval", "idempotencyKey": "k"}
	for _, tc := range []struct {
		method        string
		params        any
		code, message string
	}{
		{"node.invoke", invoke, wire.CodeUnavailable, "bridge not running"},
		{"node.invoke", map[string]any{"nodeId": "n1", "command": "x"}, wire.CodeInvalidRequest, "invalid node.invoke params: data must have required property 'idempotencyKey'"},
		{"node.describe", map[string]any{"nodeId": " "}, wire.CodeInvalidRequest, "nodeId required"},
		{"node.describe", map[string]any{"nodeId": "nobody"}, wire.CodeInvalidRequest, "unknown nodeId"},
		{"node.rename", map[string]any{"nodeId": "nobody", "displayName": "x"}, wire.CodeInvalidRequest, "unknown nodeId"},
		{"node.rename", map[string]any{"nodeId": "nobody", "displayName": " "}, wire.CodeInvalidRequest, "displayName required"},
		{"node.pair.request", map[string]any{"nodeId": " "}, wire.CodeUnavailable, "Error: nodeId required"},
		{"node.pair.request", map[string]any{"nodeId": "n", "permissions": map[string]bool{}}, wire.CodeInvalidRequest, "invalid node.pair.request params: data must NOT have additional properties"},
		{"node.pair.verify", map[string]any{"nodeId": "n"}, wire.CodeInvalidRequest, "invalid node.pair.verify params: data must have required property 'token'"},
	} {
		if e := c.refused(tc.method, tc.params); e.Code != tc.code || e.Message != tc.message {
			t.Errorf("%s %v: %+v", tc.method, tc.params, e)
		}
	}
}

// TestTalkMode: the event comes before the answer; a webchat client needs a phone to talk to (protocol 3.16).
func TestTalkMode(t *testing.T) {
	t.Parallel()
	g := setup{}.start(t)
	c := dial(t, g.URL())
	mark := c.mark()
	f := c.ok("talk.mode", map[string]any{"enabled": true, "phase": "listening"}, nil)
	if ev := before(c, mark, "talk.mode"); string(ev.Payload) != string(f.Payload) || !strings.Contains(f.raw, `"enabled":true,"phase":"listening","ts":`) {
		t.Errorf("answer %s, event %s", f.raw, ev.raw)
	}
	if f := c.ok("talk.mode", map[string]any{"enabled": false}, nil); !strings.Contains(f.raw, `"enabled":false,"phase":null`) {
		t.Errorf("answer %s", f.raw)
	}
	if e := c.refused("talk.mode", map[string]any{"enabled": 1}); e.Message != "invalid talk.mode params: data/enabled must be boolean" {
		t.Errorf("wrong type: %+v", e)
	}
	web := dial(t, g.URL(), as("webchat", "w"))
	for _, params := range []any{map[string]any{"enabled": true}, map[string]any{"bad": 1}} {
		if e := web.refused("talk.mode", params); e.Code != wire.CodeUnavailable || e.Message != "talk disabled: no connected iOS/Android nodes" {
			t.Errorf("webchat %v: %+v", params, e)
		}
	}
}

// TestVoicewake: defaults, trimming, event, file (protocol 13).
func TestVoicewake(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir()}
	c := dial(t, s.start(t).URL())
	file := filepath.Join(s.dir, "settings", "voicewake.json")
	triggers := func() string {
		t.Helper()
		return string(c.ok("voicewake.get", map[string]any{"ignored": 1}, nil).Payload)
	}
	defaults := `{"triggers":["clawd","claude","computer"]}`
	if got := triggers(); got != defaults {
		t.Errorf("without a file: %s", got)
	}
	long, many := strings.Repeat("é", 70), make([]any, 40)
	for i := range many {
		many[i] = "w"
	}
	for _, tc := range []struct {
		given []any
		want  []string
	}{
		{[]any{"  hi  ", "", 5, nil, "there"}, []string{"hi", "there"}},
		{[]any{long}, []string{strings.Repeat("é", 64)}},
		{many, slices.Repeat([]string{"w"}, 32)},
		{[]any{" ", 1}, []string{"clawd", "claude", "computer"}},
	} {
		mark := c.mark()
		var got wire.Voicewake
		f := c.ok("voicewake.set", map[string]any{"triggers": tc.given}, &got)
		if ev := before(c, mark, "voicewake.changed"); !slices.Equal(got.Triggers, tc.want) || string(ev.Payload) != string(f.Payload) || triggers() != string(f.Payload) {
			t.Errorf("set %v: %s, event %s, then %s", tc.given, f.raw, ev.raw, triggers())
		}
		var stored map[string]any
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &stored); err != nil || len(stored) != 2 || len(stored["triggers"].([]any)) != len(tc.want) || stored["updatedAtMs"].(float64) < 1e12 {
			t.Errorf("file %s: %v", b, err)
		}
	}
	for _, bad := range []any{nil, map[string]any{"triggers": "hi"}, map[string]any{"triggers": nil}} {
		if e := c.refused("voicewake.set", bad); e.Code != wire.CodeInvalidRequest || e.Message != "voicewake.set requires triggers: string[]" {
			t.Errorf("set %v: %+v", bad, e)
		}
	}
	if err := os.WriteFile(file, []byte(`{"triggers": [" mine ", 4]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := triggers(); got != defaults {
		t.Errorf("with a broken file: %s", got)
	}
}
