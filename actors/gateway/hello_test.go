package gateway_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestHello_ofAFreshGateway: the first answer has the example's keys and JSON types, no more and no less, down to the last
// level; its methods and events begin with the example's, in the example's order.
func TestHello_ofAFreshGateway(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	c := open(t, setup{config: "{canvasHost: {enabled: false}}"}.start(t).URL(), nil)
	_, f := c.wait("hello", 0, response(w.send(c, "connect.minimal")))
	want, got := tree(w.frames["connect.minimal.hello-ok"].Payload).(map[string]any), tree(f.Payload).(map[string]any)
	sameShape(t, "hello", want, got)

	list := func(v map[string]any, key string) (all []string) {
		for _, s := range v["features"].(map[string]any)[key].([]any) {
			all = append(all, s.(string))
		}
		return all
	}
	methods, example := list(got, "methods"), list(want, "methods")
	if n := len(example); n != 53 || len(methods) < n || !slices.Equal(methods[:n], example) {
		t.Errorf("methods %q\nwant first %q", methods, example)
	}
	for _, m := range methods[len(example):] {
		if !slices.Contains(wire.Additions(), m) {
			t.Errorf("%s stands behind the protocol's methods and is no addition", m)
		}
	}
	events, example := list(got, "events"), list(want, "events")
	if n := len(example); n != 12 || len(events) < n || !slices.Equal(events[:n], example) {
		t.Errorf("events %q\nwant first %q", events, example)
	}
}

// sameShape compares the keys of objects and the JSON types of everything. Whole numbers must be written as such: some
// clients decode them strictly.
func sameShape(t *testing.T, path string, want, got any) {
	t.Helper()
	if a, b := jsonType(want), jsonType(got); a != b {
		t.Errorf("%s is %s, want %s", path, b, a)
		return
	}
	switch want := want.(type) {
	case map[string]any:
		got := got.(map[string]any)
		if path == "hello.snapshot.health" && len(want) == 0 && len(got) > 0 { // the example is from before the first look
			want = map[string]any{}
			for _, key := range []string{"ok", "ts", "durationMs", "web", "telegram", "discord", "heartbeatSeconds", "sessions"} {
				want[key] = got[key]
			}
		}
		if a, b := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(a, b) {
			t.Errorf("%s has the keys %q, want %q", path, b, a)
			return
		}
		for key := range want {
			sameShape(t, path+"."+key, want[key], got[key])
		}
	case []any:
		got := got.([]any)
		if path == "hello.features.methods" || path == "hello.features.events" {
			want, got = want[:1], got[:1]
		}
		if len(want) != len(got) {
			t.Errorf("%s has %d items, want %d", path, len(got), len(want))
			return
		}
		for i := range want {
			sameShape(t, fmt.Sprintf("%s[%d]", path, i), want[i], got[i])
		}
	}
}

// jsonType names the type of a value that tree decoded.
func jsonType(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	case fmt.Stringer:
		if strings.ContainsAny(v.String(), ".eE") {
			return "a fraction"
		}
		return "a whole number"
	}
	return fmt.Sprintf("%T", v)
}
