package gateway_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

func TestSessionsList(t *testing.T) {
	t.Parallel()
	now := time.Now().UnixMilli()
	minutes := func(n int64) int64 { return now - n*60_000 }
	s := setup{dir: t.TempDir(), seed: func(tx *store.Tx) error {
		for key, e := range map[string]wire.SessionEntry{
			"global":                        {UpdatedAt: minutes(0)},
			"unknown":                       {UpdatedAt: minutes(1)},
			"main":                          {UpdatedAt: minutes(2), InputTokens: ptr(int64(10)), OutputTokens: ptr(int64(20)), ThinkingLevel: "low", VerboseLevel: "on", Model: "m", LastChannel: "telegram", LastTo: "7"},
			"discord:group:dev":             {UpdatedAt: minutes(30), Subject: "The Dev Team", TotalTokens: ptr(int64(5)), InputTokens: ptr(int64(99))},
			"slack:channel:C1":              {UpdatedAt: minutes(40), Surface: "slack", Space: "Acme", Room: "general", ChatType: "room"},
			"telegram:group:-100":           {UpdatedAt: minutes(50), DisplayName: "given name"},
			"cron:nightly":                  {UpdatedAt: minutes(500), SendPolicy: "deny"},
			"a key that nobody understands": {UpdatedAt: 1},
		} {
			e.SessionID = "id-" + key
			if err := session(tx, key, e); err != nil {
				return err
			}
		}
		return nil
	}}
	c := dial(t, s.start(t).URL())
	for _, tc := range []struct {
		p    map[string]any
		keys []string
	}{
		{nil, []string{"main", "discord:group:dev", "slack:channel:C1", "telegram:group:-100", "cron:nightly", "a key that nobody understands"}},
		{map[string]any{"limit": 1}, []string{"main"}},
		{map[string]any{"limit": 1, "includeGlobal": true}, []string{"global"}},
		{map[string]any{"limit": 2, "includeGlobal": true, "includeUnknown": true}, []string{"global", "unknown"}},
		{map[string]any{"activeMinutes": 35}, []string{"main", "discord:group:dev"}},
		{map[string]any{"activeMinutes": 1, "includeUnknown": false}, nil},
	} {
		var r wire.SessionsListResult
		f := c.ok("sessions.list", tc.p, &r)
		var keys []string
		for _, row := range r.Sessions {
			keys = append(keys, row.Key)
		}
		if !slices.Equal(keys, tc.keys) || r.Count != int64(len(tc.keys)) {
			t.Errorf("%v: %d %q, want %q", tc.p, r.Count, keys, tc.keys)
		}
		if r.Path != s.dir+"/sessions/sessions.json" || r.TS < now || !strings.Contains(f.raw, `"sessions":[`) || !strings.Contains(f.raw, `"defaults":{"model":"builtin","contextTokens":null}`) {
			t.Errorf("%v: %s", tc.p, cut(f.raw))
		}
	}
	f := c.ok("sessions.list", nil, nil)
	for _, row := range []string{
		`{"key":"main","kind":"direct","updatedAt":%,"sessionId":"id-main","thinkingLevel":"low","verboseLevel":"on","inputTokens":10,"outputTokens":20,"totalTokens":30,"model":"m","lastChannel":"telegram","lastTo":"7"}`,
		`{"key":"discord:group:dev","kind":"group","displayName":"discord:g-the-dev-team","surface":"discord","subject":"The Dev Team","updatedAt":%,"sessionId":"id-discord:group:dev","inputTokens":99,"totalTokens":5}`,
		`{"key":"slack:channel:C1","kind":"group","displayName":"slack:acme#general","surface":"slack","room":"general","space":"Acme","chatType":"room","updatedAt":%,"sessionId":"id-slack:channel:C1","totalTokens":0}`,
		`{"key":"telegram:group:-100","kind":"group","displayName":"given name","surface":"telegram","updatedAt":%,"sessionId":"id-telegram:group:-100","totalTokens":0}`,
		`{"key":"cron:nightly","kind":"direct","updatedAt":%,"sessionId":"id-cron:nightly","sendPolicy":"deny","totalTokens":0}`,
	} {
		head, rest, _ := strings.Cut(row, "%")
		at := strings.Index(f.raw, head)
		if at < 0 {
			t.Errorf("no row %s in\n%s", head, f.raw)
			continue
		}
		if got := strings.TrimLeft(f.raw[at+len(head):], "0123456789"); !strings.HasPrefix(got, rest) {
			t.Errorf("row %s...%s\nwant ...%s", head, cut(got), rest)
		}
	}
	for _, p := range []map[string]any{{"limit": 0}, {"limit": "1"}, {"activeMinutes": 0.5}, {"order": "up"}} {
		if err := c.refused("sessions.list", p); !strings.HasPrefix(err.Message, "invalid sessions.list params: data") {
			t.Errorf("%v: %v", p, err)
		}
	}
}

// TestSessionsPatch: each field, its other spellings, its refusals, and null.
func TestSessionsPatch(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), config: `{agent: {modelAliases: {Fast: "acme/fast-1"}}}`, seed: func(tx *store.Tx) error {
		return session(tx, "main", wire.SessionEntry{SessionID: "s", LastChannel: "telegram", LastTo: "7", ElevatedLevel: "on", QueueMode: "steer"})
	}}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	for _, tc := range []struct {
		patch string
		want  string // of the entry, behind updatedAt
		err   string
	}{
		{`"thinkingLevel":"Think-Hard"`, `"thinkingLevel":"low","elevatedLevel":"on",`, ""},
		{`"thinkingLevel":"max","verboseLevel":"full"`, `"thinkingLevel":"high","verboseLevel":"on","elevatedLevel":"on",`, ""},
		{`"thinkingLevel":"OFF","verboseLevel":"no"`, `"elevatedLevel":"on",`, ""},
		{`"thinkingLevel":"some"`, "", "invalid thinkingLevel (use off|minimal|low|medium|high)"},
		{`"thinkingLevel":" "`, "", "invalid thinkingLevel (use off|minimal|low|medium|high)"},
		{`"verboseLevel":"maybe"`, "", `invalid verboseLevel (use "on"|"off")`},
		{`"elevatedLevel":"off"`, `"elevatedLevel":"on",`, ""}, // not by this method
		{`"model":"openai/gpt-test-a"`, `"elevatedLevel":"on","providerOverride":"openai","modelOverride":"gpt-test-a",`, ""},
		{`"model":"FAST"`, `"elevatedLevel":"on","providerOverride":"acme","modelOverride":"fast-1",`, ""},
		{`"model":"opus"`, `"elevatedLevel":"on","providerOverride":"anthropic","modelOverride":"claude-opus-4-5",`, ""},
		{`"model":"some-model"`, `"elevatedLevel":"on","providerOverride":"anthropic","modelOverride":"some-model",`, ""},
		{`"model":"builtin"`, `"elevatedLevel":"on",`, ""},
		{`"model":"  "`, "", "invalid model: empty"},
		{`"model":" /x "`, "", "invalid model: /x"},
		{`"sendPolicy":"deny","groupActivation":"always"`, `"elevatedLevel":"on","groupActivation":"always","sendPolicy":"deny",`, ""},
		{`"sendPolicy":"never"`, "", "invalid sessions.patch params: data/sendPolicy must be equal to constant"},
		{`"thinkingLevel":"low","model":"a/b"`, `"thinkingLevel":"low","elevatedLevel":"on","providerOverride":"a","modelOverride":"b","groupActivation":"always","sendPolicy":"deny",`, ""},
		{`"thinkingLevel":null,"verboseLevel":null,"elevatedLevel":null,"model":null,"sendPolicy":null,"groupActivation":null`, `"elevatedLevel":"on",`, ""},
	} {
		f := c.call("sessions.patch", json.RawMessage(`{"key":" main ",`+tc.patch+`}`))
		if tc.err != "" {
			if f.OK || f.Error.Code != wire.CodeInvalidRequest || !strings.HasPrefix(f.Error.Message, tc.err) {
				t.Errorf("%s: %s", tc.patch, f.raw)
			}
			continue
		}
		want := `,` + tc.want + `"queueMode":"steer","lastChannel":"telegram","lastTo":"7"}}`
		if !strings.HasPrefix(string(f.Payload), `{"ok":true,"path":"`+s.dir+`/sessions/sessions.json","key":"main","entry":{"sessionId":"s","updatedAt":`) ||
			!strings.HasSuffix(string(f.Payload), want) || strings.Count(string(f.Payload), ":") != 6+strings.Count(want, ":") {
			t.Errorf("%s: %s\nwant ...%s", tc.patch, f.raw, want)
		}
	}
	if err := c.refused("sessions.patch", map[string]any{"key": " \t"}); err.Message != "key required" || err.Code != wire.CodeInvalidRequest {
		t.Errorf("blank key: %v", err)
	}
	var made wire.SessionsPatchResult
	c.ok("sessions.patch", map[string]any{"key": "made", "verboseLevel": "on"}, &made)
	if len(made.Entry.SessionID) != 36 || made.Entry.VerboseLevel != "on" || made.Entry.UpdatedAt == 0 {
		t.Errorf("a new session: %+v", made)
	}
	stop(t, g)

	s.seed = nil
	c = dial(t, s.start(t).URL())
	var again wire.SessionsPatchResult
	if c.ok("sessions.patch", map[string]any{"key": "made"}, &again); again.Entry.SessionID != made.Entry.SessionID || again.Entry.VerboseLevel != "on" {
		t.Errorf("after a restart %+v, before %+v", again, made)
	}
	c.ok("sessions.patch", map[string]any{"key": "made", "sendPolicy": "deny"}, nil)
	if err := c.refused("chat.send", chatSend("made", "hello", "k")); err.Message != "send blocked by session policy" {
		t.Errorf("the patch has no effect: %v", err)
	}
}

// TestSessionsReset: a new id; what was set stays, what was counted goes; the old transcript is still there.
func TestSessionsReset(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), seed: func(tx *store.Tx) error {
		if err := lines(tx, "old", "m", 3, 0); err != nil {
			return err
		}
		return session(tx, "main", wire.SessionEntry{SessionID: "old", ThinkingLevel: "low", VerboseLevel: "on", Model: "m", SendPolicy: "allow",
			ContextTokens: ptr(int64(9)), LastChannel: "telegram", LastTo: "7", TotalTokens: ptr(int64(5)), ModelOverride: "x", GroupActivation: "always",
			AbortedLastRun: ptr(true), SkillsSnapshot: wire.Raw(`{"prompt":"p","skills":[]}`)})
	}}
	g, err := s.new(t)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, g.URL())
	var r wire.SessionsResetResult
	f := c.ok("sessions.reset", map[string]any{"key": " main"}, &r)
	want := `{"ok":true,"key":"main","entry":{"sessionId":"` + r.Entry.SessionID + `","updatedAt":%,"systemSent":false,"abortedLastRun":false,` +
		`"thinkingLevel":"low","verboseLevel":"on","sendPolicy":"allow","model":"m","contextTokens":9,"lastChannel":"telegram","lastTo":"7",` +
		`"skillsSnapshot":{"prompt":"p","skills":[]}}}`
	if got := strings.Replace(string(f.Payload), fmt.Sprint(r.Entry.UpdatedAt), "%", 1); got != want || len(r.Entry.SessionID) != 36 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if h := history(t, c, "main"); len(h) != 0 {
		t.Errorf("history %q", h)
	}
	c.ok("sessions.reset", map[string]any{"key": "new one"}, nil)
	c.ok("chat.send", chatSend("main", "hello", "k"), nil)
	stop(t, g)

	s.seed = nil
	c = dial(t, s.start(t).URL())
	var list wire.SessionsListResult
	c.ok("sessions.list", nil, &list)
	if len(list.Sessions) != 2 || list.Sessions[0].SessionID != r.Entry.SessionID || len(history(t, c, "main")) != 2 {
		t.Errorf("after a restart: %+v", list.Sessions)
	}
	var resumed wire.ChatHistoryResult
	c.send("a", "agent", map[string]any{"message": "hello again", "sessionId": "old", "idempotencyKey": "k"})
	c.wait("the final", 0, final("a"))
	if c.ok("chat.history", map[string]any{"sessionKey": "old"}, &resumed); len(resumed.Messages) != 5 {
		t.Errorf("the old session has %d messages", len(resumed.Messages))
	}
}

// TestSessionsPatch_allowedModels: only models of the list that the catalogue knows, as long as it knows any of them.
func TestSessionsPatch_allowedModels(t *testing.T) {
	t.Parallel()
	g := setup{config: `{
		agent: {allowedModels: ["acme/fast", "acme/thinker", "nobody/knows"], modelAliases: {quick: "acme/fast", deep: "acme/other"}},
		models: {providers: {acme: {baseUrl: "http://127.0.0.1:9", models: [{id: "fast", name: "Fast"}, {id: "thinker", name: "Thinker", reasoning: true}, {id: "other", name: "Other"}]}}},
	}`}.start(t)
	c := dial(t, g.URL())
	for model, want := range map[string]string{
		"acme/fast": "acme/fast", " Quick ": "acme/fast", "builtin": "/", "deep": "model not allowed: acme/other", "acme/other": "model not allowed: acme/other",
		"nobody/knows": "model not allowed: nobody/knows", "fast": "model not allowed: anthropic/fast",
	} {
		f := c.call("sessions.patch", map[string]any{"key": "main", "model": model})
		var r wire.SessionsPatchResult
		got := ""
		if f.OK {
			f.decode(t, &r)
			got = r.Entry.ProviderOverride + "/" + r.Entry.ModelOverride
		} else {
			got = f.Error.Message
		}
		if got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
	thinking := func(model any) string {
		var h wire.ChatHistoryResult
		c.ok("sessions.patch", map[string]any{"key": "main", "model": model}, nil)
		c.ok("chat.history", map[string]any{"sessionKey": "main"}, &h)
		return h.ThinkingLevel
	}
	if fast, thinker, none := thinking("acme/fast"), thinking("acme/thinker"), thinking(nil); fast != "off" || thinker != "low" || none != "off" {
		t.Errorf("thinking level of a model that reasons %q, of one that does not %q, of the built-in runner %q", thinker, fast, none)
	}
}
