package gateway_test

import (
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
