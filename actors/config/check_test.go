package config

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestConfigCheck: what a text would do is told, and nothing is written.
func TestConfigCheck(t *testing.T) {
	t.Parallel()
	r := newRig(t, secretFile, nil)
	shown := string(parse(secretFile).Redacted().Config)
	for _, tt := range []struct{ raw, want string }{
		{shown, `"issues":[],"changes":[],"restart":false}`},
		{strings.Replace(shown, "4000", "4001", 1), `"issues":[],"changes":[{"path":"gateway.port","effect":"restart"}],"restart":true}`},
		{`{gateway:{auth:{token:"__REDACTED__"},port:4000},telegram:{enabled:true}}`, `"effect":"hot","part":"telegram"`},
		{`{gateway:{reload:{mode:"hot"},port:1}}`, `"refused":"gateway.reload.mode is hot`},
		{`{gateway:{prot:1}}`, `"issues":[{"path":"gateway.prot"`},
		{`{`, `"issues":[{"path":"","message":"SyntaxError`},
		{`{gateway:{bind:"lan"}}`, `"issues":[{"path":"gateway.bind","message":"refused by the root`},
	} {
		got, err := ask1(t, r.ref, "config.check", setParams(t, tt.raw))
		if err != nil || !strings.Contains(got, tt.want) || strings.Contains(got, "CANARY") {
			t.Errorf("%s: %s %v, want %s", tt.raw, got, err, tt.want)
		}
	}
	if read(t, r.path) != secretFile {
		t.Error("a check has written")
	}
}

// TestConfigSet_baseHash: who edited an older text is told, and the newer one stays.
func TestConfigSet_baseHash(t *testing.T) {
	t.Parallel()
	r := newRig(t, "{cron:{maxConcurrentRuns:1}}", nil)
	hash := func() string {
		var v struct{ Hash string }
		got, werr := ask1(t, r.ref, "config.get", "{}")
		if err := json.Unmarshal([]byte(got), &v); werr != nil || err != nil || v.Hash == "" {
			t.Fatalf("%s %v %v", got, werr, err)
		}
		return v.Hash
	}
	set := func(raw, base string) string {
		b, _ := json.Marshal(map[string]string{"raw": raw, "baseHash": base}) // strings only
		if _, err := ask1(t, r.ref, "config.set", string(b)); err != nil {
			return err.Message
		}
		return ""
	}
	old := hash()
	if got := set("{cron:{maxConcurrentRuns:2}}", old); got != "" {
		t.Fatal(got)
	}
	if got := set("{cron:{maxConcurrentRuns:3}}", old); !strings.Contains(got, "config changed since last load") {
		t.Errorf("a change of an older text: %q", got)
	}
	if got := read(t, r.path); !strings.Contains(got, "2") {
		t.Errorf("the newer text is gone: %s", got)
	}
	if got := set("{cron:{maxConcurrentRuns:3}}", hash()); got != "" {
		t.Error(got)
	}
}
