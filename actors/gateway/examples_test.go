package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/transport/wire"
)

// The example frames of the protocol, sent to a running gateway, and its answers and events beside those of the
// examples. An error has to be the same, word for word. A payload has to have the example's shape: the same keys and
// JSON types, down to the last level; what the schema says may be absent may be.

// waiting are the examples that need what comes later.
var waiting = []string{}

// unsent are the examples that no part of this gateway sends, and why.
var unsent = map[string]string{
	"event.agent.tool.update":       "no runner reports a tool's progress",
	"deviation.event.agent.seq-gap": "the numbers of a run have no gaps",
}

// ownWords are the errors whose text is the gateway's own: the example's is another program's.
var ownWords = []string{"send.error"}

// example is one frame of the file.
type example struct {
	Name      string          `json:"name"`
	Direction string          `json:"direction"`
	Frame     json.RawMessage `json:"frame"`
}

// walk goes through the examples.
type walk struct {
	*testing.T
	frames  map[string]frame          // server frames by name
	calls   map[string]map[string]any // requests by name
	callOf  map[string]string         // server response -> request that it answers
	shapes  map[string]*shape         // of all good results of a method, and all payloads of an event
	schemas schemas

	done    *sync.Map     // names that were walked
	release chan struct{} // ends runs that listen to nobody
}

func newWalk(t *testing.T) *walk {
	t.Helper()
	text, err := os.ReadFile("../../transport/wire/testdata/protocol-examples.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	w := &walk{
		T: t, frames: map[string]frame{}, calls: map[string]map[string]any{}, callOf: map[string]string{}, shapes: map[string]*shape{},
		schemas: readSchemas(t), done: &sync.Map{}, release: make(chan struct{}),
	}
	all = slices.DeleteFunc(all, func(e example) bool { return strings.HasPrefix(e.Name, "p3.") }) // of the next protocol
	byID := map[string]string{}
	for _, e := range all {
		if e.Direction == "c2s" {
			var call map[string]any
			if err := json.Unmarshal(e.Frame, &call); err != nil {
				t.Fatal(err)
			}
			w.calls[e.Name] = call
			byID[call["id"].(string)] = e.Name
		}
	}
	for _, e := range all {
		if e.Direction == "c2s" {
			continue
		}
		var f frame
		if err := json.Unmarshal(e.Frame, &f); err != nil {
			t.Fatal(err)
		}
		w.frames[e.Name] = f
		id, _ := f.ID.(string)
		w.callOf[e.Name] = byID[id]
		if kind := w.kind(e.Name); kind != "" && f.Error == nil {
			if w.shapes[kind] == nil {
				w.shapes[kind] = &shape{}
			}
			w.shapes[kind].learn(tree(f.Payload))
		}
	}
	if len(w.frames) < 100 || len(w.calls) < 60 {
		t.Fatalf("only %d and %d examples", len(w.frames), len(w.calls))
	}
	return w
}

// kind is the method that a response answers, or "event" and its name.
func (w *walk) kind(name string) string {
	if f := w.frames[name]; f.Type == "event" {
		return "event " + f.Event
	}
	method, _ := w.calls[w.callOf[name]]["method"].(string)
	return method
}

// params are a request's, with some of them replaced. A nil value removes one.
func (w *walk) params(call string, edits ...map[string]any) any {
	w.Helper()
	request, ok := w.calls[call]
	if !ok {
		w.Fatalf("no example is called %s", call)
	}
	p, isObject := request["params"].(map[string]any)
	if !isObject {
		if len(edits) == 0 {
			return request["params"]
		}
		p = map[string]any{}
	}
	p = maps.Clone(p)
	for _, e := range edits {
		for k, v := range e {
			if p[k] = v; v == nil {
				delete(p, k)
			}
		}
	}
	return p
}

// send sends the request with this name under a new id.
func (w *walk) send(c *socket, call string, edits ...map[string]any) (id string) {
	w.Helper()
	id = c.nextID()
	c.send(id, w.calls[call]["method"].(string), w.params(call, edits...))
	w.walked(call)
	return id
}

// call sends the request that a response belongs to, and compares the first answer with it.
func (w *walk) call(c *socket, response string, edits ...map[string]any) frame {
	w.Helper()
	return w.answer(c, w.send(c, w.callOf[response], edits...), response)
}

// answer waits for the first answer to a request and compares it.
func (w *walk) answer(c *socket, id, name string) frame {
	w.Helper()
	_, f := c.wait(name, 0, response(id))
	w.compare(name, f)
	return f
}

// event waits for an event and compares it.
func (w *walk) event(c *socket, from int, name string, texts ...string) frame {
	w.Helper()
	_, f := c.wait(name, from, containing(w.frames[name].Event, texts...))
	w.compare(name, f)
	return f
}

// compare holds a frame against the example with this name.
func (w *walk) compare(name string, got frame) {
	w.Helper()
	want, ok := w.frames[name]
	if !ok {
		w.Fatalf("no example is called %s", name)
	}
	w.walked(name)
	if (got.Error == nil) != (want.Error == nil) || got.OK != want.OK || (got.StateVersion == nil) != (want.StateVersion == nil) {
		w.Errorf("%s: %s", name, cut(got.raw))
		return
	}
	if want.Error != nil {
		w.sameError(name, *want.Error, got)
		return
	}
	kind := w.kind(name)
	sh := w.shapes[kind]
	if got.Type == "event" && kind == "event agent" { // the data of each stream are another type
		sh = &shape{}
		sh.learn(tree(want.Payload))
	}
	for _, d := range w.schemas.differ(w.schemas.of[kind], sh, tree(got.Payload), "") {
		w.Errorf("%s: payload%s\n%s", name, d, cut(got.raw))
	}
}

// sameError compares code, text and details.
func (w *walk) sameError(name string, want wire.Error, got frame) {
	w.Helper()
	have := *got.Error
	if slices.Contains(ownWords, name) {
		if !strings.HasPrefix(have.Message, "Error: ") || have.Message == "Error: " {
			w.Errorf("%s: %s", name, cut(got.raw))
		}
		have.Message = want.Message
	}
	if d, ok := have.Details.(map[string]any); ok && d["issues"] != nil { // their texts are the gateway's own
		w.sameIssues(name, want, d)
		have.Details = want.Details
	}
	have.Retryable = want.Retryable // an addition: the examples are of a server that never sets it
	if diff := cmp.Diff(want, have); diff != "" {
		w.Errorf("%s: error (-example +gateway):\n%s", name, diff)
	}
	if w.frames[name].Payload != nil {
		sh := &shape{}
		sh.learn(tree(w.frames[name].Payload))
		for _, d := range w.schemas.differ(nil, sh, tree(got.Payload), "") {
			w.Errorf("%s: payload%s", name, d)
		}
	}
}

// sameIssues compares the paths of configuration problems.
func (w *walk) sameIssues(name string, want wire.Error, got map[string]any) {
	w.Helper()
	paths := func(details any) (all []string) {
		issues, _ := details.(map[string]any)["issues"].([]any)
		for _, i := range issues {
			all = append(all, fmt.Sprint(i.(map[string]any)["path"]))
		}
		return all
	}
	if diff := cmp.Diff(paths(want.Details), paths(got)); diff != "" {
		w.Errorf("%s: issues (-example +gateway):\n%s", name, diff)
	}
}

func (w *walk) walked(name string) { w.done.Store(name, true) }

// finish reports the examples that were not walked.
func (w *walk) finish() {
	names := append(slices.Collect(maps.Keys(w.calls)), slices.Collect(maps.Keys(w.frames))...)
	slices.Sort(names)
	for _, name := range names {
		waits := slices.Contains(waiting, name)
		_, done := w.done.Load(name)
		switch why, never := unsent[name]; {
		case done && (waits || never):
			w.Errorf("%s was walked: it waits for nothing", name)
		case done:
		case never:
			w.Logf("%s is never sent: %s", name, why)
		case waits:
			w.Logf("%s waits for what comes later", name)
		default:
			w.Errorf("%s was not walked", name)
		}
	}
}

// tree decodes a payload; numbers keep their text.
func tree(raw []byte) any {
	var v any
	if len(raw) > 0 {
		d := json.NewDecoder(strings.NewReader(string(raw)))
		d.UseNumber()
		_ = d.Decode(&v) // what is no JSON has no shape
	}
	return v
}
