package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// The exchanges between nodes and a gateway that were recorded of the reference, replayed over TCP. The node says what it
// said; an operator does what the notes say of operators; the gateway has to answer with frames of the same types in the
// same order, with the same ids, codes and fixed texts, and payloads with the same keys and types. More agent, chat,
// health and tick events than recorded are fine, and so are more keys.

// recorded is one line of the transcripts.
type recorded struct {
	Scenario string          `json:"scenario"`
	From     string          `json:"from"`
	Conn     int             `json:"conn"`
	Frame    json.RawMessage `json:"frame"`
	Raw      *string         `json:"raw"`
	Note     string          `json:"note"`
	line     line
}

func transcripts(t *testing.T) map[string][]recorded {
	t.Helper()
	f, err := os.Open("../../bridge/testdata/bridge-transcripts.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][]recorded{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var r recorded
		if err := json.Unmarshal(sc.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Frame != nil {
			r.line.raw = string(r.Frame)
			if err := json.Unmarshal(r.Frame, &r.line); err != nil {
				t.Fatal(err)
			}
		}
		all[r.Scenario] = append(all[r.Scenario], r)
	}
	return all
}

// tokenOf is the token that a recorded node has, and its id.
var tokenOf = map[string]string{
	"6F1C2A9E-0B7D-4E55-9A41-1D2E3F405162":     "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	"b3a6c7d8-1122-4334-8556-778899aabbcc":     "9988776655443322110099887766aabb",
	"mac-4d0c0d5e-9d1b-4a54-8f0e-2f6a1f6c7e10": "11112222333344445555666677778888",
}

// replay is a scenario under way.
type replay struct {
	*testing.T
	g        *gateway.Gateway
	operator *socket
	phones   map[int]*phone
	rest     map[int][]int     // indexes of a phone's lines that no record has matched yet
	read     map[int]int       // how many of its lines are in rest, or matched
	tokens   map[string]string // recorded -> real
	invokes  map[string]string // recorded id -> real id
	calls    []string          // node.invoke of the operator that have no answer yet
	clock    *frozenClock
}

func TestReplay(t *testing.T) {
	t.Parallel()
	all := transcripts(t)
	if len(all) != 19 {
		t.Fatalf("%d scenarios", len(all))
	}
	for name, records := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newReplay(t, name).run(records)
		})
	}
}

// holding is a runner whose runs of "hold" last until they are stopped.
type holding struct{ agent.Builtin }

func (h holding) Run(ctx context.Context, turn agent.Turn, out agent.Output) (agent.Answer, error) {
	if turn.Plain == "hold" {
		<-ctx.Done()
		return agent.Answer{}, context.Cause(ctx)
	}
	return h.Builtin.Run(ctx, turn, out)
}

func newReplay(t *testing.T, name string) *replay {
	t.Helper()
	unpaired := slices.Contains([]string{"pair-from-scratch", "pair-rejected", "pair-expired", "pair-silent-mac"}, name)
	clock := &frozenClock{}
	s := setup{
		config: `{session: {mainKey: "main"}, ui: {seamColor: "#4F7A9A"}, agent: {model: "anthropic/claude-opus-4-5", contextTokens: 200000}}`,
		seed: func(tx *store.Tx) error {
			if err := session(tx, "main", wire.SessionEntry{SessionID: "s1", ThinkingLevel: "low"}); err != nil {
				return err
			}
			if err := lines(tx, "s1", "m", 1, 0); err != nil || unpaired {
				return err
			}
			for id, token := range tokenOf {
				n := wire.NodePaired{NodeID: id, Token: token, Platform: "x", CreatedAtMs: 1, ApprovedAtMs: 1}
				if _, err := pairing.AdoptNode(tx, n); err != nil {
					return err
				}
			}
			return nil
		},
		env:     map[string]string{},
		options: func(o *gateway.Options) { o.Runner, o.Clock = holding{}, clock.now },
	}
	if name == "hello-no-canvas-host" {
		s.env["CLAWDBOT_SKIP_CANVAS_HOST"] = "1"
	}
	r := &replay{
		T: t, g: s.start(t), phones: map[int]*phone{}, rest: map[int][]int{}, read: map[int]int{},
		tokens: map[string]string{}, invokes: map[string]string{}, clock: clock,
	}
	r.operator = dial(t, r.g.URL())
	if name == "rpc-errors" { // a run is active in session main
		r.operator.send("held", "chat.send", map[string]any{
			"sessionKey": "main", "message": "hold", "idempotencyKey": "e2a1b0c9-d8e7-4f65-a4b3-c2d1e0f9a8b7",
		})
		r.operator.wait("the run", 0, containing("agent", `"started"`))
	}
	if name == "pair-expired" {
		clock.stopAt(time.Now())
	}
	return r
}

// frozenClock is the real time until it is stopped.
type frozenClock struct {
	mu sync.Mutex
	at time.Time // guarded by mu; zero = it goes on
}

func (c *frozenClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return time.Now()
	}
	return c.at
}

func (c *frozenClock) stopAt(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

func (r *replay) run(records []recorded) {
	for _, rec := range records {
		p := r.phones[rec.Conn]
		if p == nil {
			p = ring(r.T, r.g)
			r.phones[rec.Conn] = p
		}
		if rec.From == "node" {
			r.say(p, rec)
			continue
		}
		if rec.line.Type == "ping" { // the reference never sends it
			continue
		}
		r.prompt(p, rec)
		r.expect(p, rec)
	}
	for _, id := range r.calls { // of invokes that were answered
		r.operator.wait("the end of an invoke", 0, response(id))
	}
	if two := r.phones[2]; two != nil && records[0].Scenario == "reconnect-replaces-old-socket" {
		r.phones[1].ended()
	}
	for n, p := range r.phones {
		for _, l := range p.all() {
			if l.Type == "broken" {
				r.Errorf("conn %d: %s", n, l.raw)
			}
		}
	}
}

// say has the node say what it said, with the tokens and ids of this gateway.
func (r *replay) say(p *phone, rec recorded) {
	r.Helper()
	if rec.Raw != nil {
		p.say(*rec.Raw)
		return
	}
	text := rec.line.raw
	for was, is := range r.tokens {
		text = strings.ReplaceAll(text, was, is)
	}
	for was, is := range r.invokes {
		text = strings.ReplaceAll(text, was, is)
	}
	if rec.Scenario == "invoke-timeout-and-late-reply" && rec.line.Type == "invoke-res" {
		_, f := r.operator.wait("the end of the time", 0, response(r.calls[0]))
		if f.Error == nil || f.Error.Code != wire.CodeUnavailable || f.Error.Message != "Error: UNAVAILABLE: invoke timeout" {
			r.Errorf("after the time: %s", f.raw)
		}
	}
	from := r.operator.mark()
	p.say(text)
	if rec.line.Type == "pair-request" && strings.Contains(text, "nodeId") {
		r.operator.wait("node.pair.requested", from, containing("node.pair.requested"))
	}
}

// prompt has an operator do what the gateway's next frame follows from.
func (r *replay) prompt(p *phone, rec recorded) {
	r.Helper()
	switch l := rec.line; {
	case l.Type == "pair-ok":
		r.decide("node.pair.approve")
		_, ok := p.wait("pair-ok", 0, is("pair-ok"))
		r.tokens[l.Token] = ok.Token
	case l.Type == "error" && l.Message == "pairing rejected":
		r.decide("node.pair.reject")
	case l.Type == "error" && l.Message == "pairing expired":
		r.expire(p)
	case l.Type == "invoke":
		id := r.operator.nextID()
		params := map[string]any{"nodeId": r.nodeID(), "command": l.Command, "idempotencyKey": "k-" + l.ID, "timeoutMs": 60_000}
		if l.ParamsJSON != nil {
			params["params"] = json.RawMessage(*l.ParamsJSON)
		}
		if rec.Scenario == "invoke-timeout-and-late-reply" {
			params["timeoutMs"] = 1
		}
		r.operator.send(id, "node.invoke", params)
		r.calls = append(r.calls, id)
	}
}

func (r *replay) decide(method string) {
	r.Helper()
	var l wire.NodePairListResult
	r.operator.ok("node.pair.list", nil, &l)
	if len(l.Pending) != 1 {
		r.Fatalf("%d nodes wait", len(l.Pending))
	}
	r.operator.ok(method, map[string]any{"requestId": l.Pending[0].RequestID}, nil)
}

// expire lets the time of a request pass: another wait for it, almost at its end, finds that out for both.
func (r *replay) expire(p *phone) {
	r.Helper()
	asked := slices.IndexFunc(p.all(), func(l line) bool { return l.Type == "error" })
	r.clock.stopAt(r.clock.now().Add(5*time.Minute - 50*time.Millisecond))
	if asked >= 0 {
		r.Fatalf("refused before its time: %s", p.all()[asked].raw)
	}
	late := ring(r.T, r.g)
	late.say(`{"type":"pair-request","nodeId":"b3a6c7d8-1122-4334-8556-778899aabbcc"}`)
	late.wait("the end of the other wait", 0, is("error"))
}

// nodeID is the node that is connected.
func (r *replay) nodeID() string {
	r.Helper()
	var l wire.NodeListResult
	r.operator.ok("node.list", nil, &l)
	for _, n := range l.Nodes {
		if n.Connected {
			return n.NodeID
		}
	}
	r.Fatal("no node is connected")
	return ""
}

// orderOf is what of a line has to come in the recorded order.
func orderOf(l line) string {
	id := l.ID
	if l.Type == "invoke" {
		id = ""
	}
	return strings.Join([]string{l.Type, l.Event, id}, " ")
}

// expect waits for the line that the record stands for. Before it, only events that come and go may be left over.
func (r *replay) expect(p *phone, rec recorded) {
	r.Helper()
	want := rec.line
	if want.Event == "tick" { // every 30 s; TestHear of actors/node sees one
		return
	}
	rest, got := r.rest[rec.Conn], line{}
	at := slices.IndexFunc(rest, func(i int) bool { return matches(want, p.all()[i]) })
	if at >= 0 {
		got = p.all()[rest[at]]
		r.passed(p, rest[:at], want)
		r.rest[rec.Conn] = slices.Delete(slices.Clone(rest), at, at+1)
	} else {
		i, l := p.wait(cut(want.raw), r.read[rec.Conn], func(l line) bool { return matches(want, l) })
		for n := r.read[rec.Conn]; n < i; n++ {
			rest = append(rest, n)
		}
		r.passed(p, rest, want)
		got, r.read[rec.Conn], r.rest[rec.Conn] = l, i+1, rest
	}
	if want.Type == "invoke" {
		r.invokes[want.ID] = got.ID
	}
	r.compare(want, got)
}

// passed: these lines came before one that was recorded before them.
func (r *replay) passed(p *phone, indexes []int, want line) {
	r.Helper()
	for _, i := range indexes {
		l := p.all()[i]
		switch {
		case l.Type == "event" && slices.Contains([]string{"agent", "chat", "health", "tick"}, l.Event):
		case l.Type == "res" && want.Event == "chat": // the answer to chat.send may come before the final event
		default:
			r.Errorf("%s came before %s", cut(l.raw), cut(want.raw))
		}
	}
}

// matches says whether a line may be the recorded one.
func matches(want, got line) bool {
	if orderOf(want) != orderOf(got) {
		return false
	}
	part := func(l line, key string) string {
		var p map[string]any
		_ = json.Unmarshal([]byte(l.payload()), &p)
		s, _ := p[key].(string)
		return s
	}
	switch want.Event {
	case "chat":
		return part(want, "state") == part(got, "state")
	case "agent":
		return part(want, "stream") == part(got, "stream")
	}
	return true
}

func (r *replay) compare(want, got line) {
	r.Helper()
	same := want.Code == got.Code && want.Command == got.Command && want.OK == got.OK && (want.Error == nil) == (got.Error == nil) &&
		(want.ParamsJSON == nil) == (got.ParamsJSON == nil) && (want.PayloadJSON == nil) == (got.PayloadJSON == nil)
	if !text(want.Message).fits(got.Message) {
		same = false
	}
	if want.Error != nil && got.Error != nil {
		same = same && want.Error.Code == got.Error.Code && text(want.Error.Message).fits(got.Error.Message) &&
			fmt.Sprint(want.Error.Details) == fmt.Sprint(got.Error.Details)
	}
	if want.ParamsJSON != nil && got.ParamsJSON != nil {
		same = same && fmt.Sprint(tree([]byte(*want.ParamsJSON))) == fmt.Sprint(tree([]byte(*got.ParamsJSON)))
	}
	keys := func(l line) map[string]any {
		m := map[string]any{}
		_ = json.Unmarshal([]byte(l.raw), &m)
		return m
	}
	if !same || len(got.raw) == 0 {
		r.Errorf("\n got %s\nwant %s", got.raw, want.raw)
	}
	if wanted, have := slices.Sorted(maps.Keys(keys(want))), slices.Sorted(maps.Keys(keys(got))); !slices.Equal(wanted, have) {
		r.Errorf("keys %v, want %v\n%s", have, wanted, got.raw)
	}
	if want.PayloadJSON != nil && got.PayloadJSON != nil {
		hasShape(r.T, cut(want.raw), tree([]byte(*want.PayloadJSON)), tree([]byte(*got.PayloadJSON)))
	}
}

// text is a recorded text; what the notes call free is left out of it.
type text string

func (want text) fits(got string) bool {
	for _, free := range []string{"<parser text>", "<validator text>"} {
		if fixed, _, ok := strings.Cut(string(want), free); ok {
			return strings.HasPrefix(got, fixed) && len(got) > len(fixed)
		}
	}
	return got == string(want)
}

// hasShape: got has the keys of want with values of the same types.
func hasShape(t *testing.T, at string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s: %T instead of an object", at, got)
			return
		}
		for k, v := range want {
			if _, there := have[k]; !there {
				t.Errorf("%s: no %s in %v", at, k, have)
				continue
			}
			hasShape(t, at+"/"+k, v, have[k])
		}
	case []any:
		have, ok := got.([]any)
		if !ok || len(want) > 0 && len(have) == 0 {
			t.Errorf("%s: %v instead of a list", at, got)
			return
		}
		if len(want) > 0 {
			hasShape(t, at+"[0]", want[0], have[0])
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			t.Errorf("%s: %T instead of %T", at, got, want)
		}
	}
}
