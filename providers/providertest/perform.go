package providertest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/clawdbot/gateway/providers"
)

// Perform has a surface carry out an action that must succeed, and returns its result as JSON has it.
func Perform(t testing.TB, ctx context.Context, p providers.Performer, action string, params map[string]any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	result, err := p.Perform(ctx, action, raw)
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	out, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(out, &m); err != nil || m["ok"] != true {
		t.Fatalf("%s = %s", action, out)
	}
	return m
}
