package acp

import (
	"encoding/json"
	"testing"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// FuzzUpdate: whatever an agent sends, what is made of it holds together: a tool begins once, before anything else of it, and ends once.
func FuzzUpdate(f *testing.F) {
	for _, s := range []string{
		`{"sessionUpdate":"tool_call","toolCallId":"a","title":"A","status":"pending","rawInput":{}}`,
		`[{"sessionUpdate":"tool_call_update","toolCallId":"a","status":"completed","content":[{"type":"content","content":{"type":"text","text":"x"}}]}]`,
		`{"sessionUpdate":"plan","entries":[{"content":"x","status":"completed"}]}`, `{"sessionUpdate":"usage_update","used":-5,"cost":{"amount":1e300}}`,
		`{"sessionUpdate":"agent_message_chunk","content":{"type":"resource","resource":{"uri":"file:///x"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		begun, done := map[string]bool{}, map[string]bool{}
		v := view{calls: map[string]*call{}, hear: func(e codeagent.Event) {
			switch e := e.(type) {
			case codeagent.Call:
				if begun[e.ID] || len(e.Args) > 0 && !json.Valid(e.Args) {
					t.Errorf("call %+v", e)
				}
				begun[e.ID] = true
			case codeagent.Progress:
				if !begun[e.ID] || done[e.ID] {
					t.Errorf("progress %+v", e)
				}
			case codeagent.Done:
				if !begun[e.ID] || done[e.ID] {
					t.Errorf("done %+v", e)
				}
				done[e.ID] = true
			}
		}}
		var all []update
		if json.Unmarshal(b, &all) != nil {
			var u update
			if json.Unmarshal(b, &u) != nil {
				return
			}
			all = []update{u}
		}
		for _, u := range all {
			v.question(u)
			if v.take(u) != nil {
				break
			}
		}
		_ = v.end()
		v.spent()
		if len(begun) != len(done) {
			t.Errorf("%d begun, %d done", len(begun), len(done))
		}
	})
}
