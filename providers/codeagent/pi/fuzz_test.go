package pi

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// FuzzLine: whatever pi says, a tool begins once and ends once.
func FuzzLine(f *testing.F) {
	for _, s := range []string{
		`{"type":"tool_execution_start","toolCallId":"a","toolName":"bash","args":{}}` + "\n" + `{"type":"tool_execution_end","toolCallId":"a","result":7}`,
		`{"type":"message_end","message":{"role":"assistant","stopReason":"error","usage":{"input":1,"cost":{"total":1}}}}`,
		`{"type":"extension_ui_request","id":7,"message":"x"}`, `{"type":"response","id":"over","success":true,"data":[]}`, `{"type":"agent_end","willRetry":true}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		begun, done := map[string]bool{}, map[string]bool{}
		v := view{calls: map[string]string{}, hear: func(e codeagent.Event) {
			switch e := e.(type) {
			case codeagent.Call:
				if begun[e.ID] {
					t.Errorf("call %+v", e)
				}
				begun[e.ID] = true
			case codeagent.Done:
				if !begun[e.ID] || done[e.ID] {
					t.Errorf("done %+v", e)
				}
				done[e.ID] = true
			}
		}}
		for line := range bytes.SplitSeq(b, []byte("\n")) {
			var m message
			if json.Unmarshal(line, &m) != nil {
				continue
			}
			m.state()
			if v.take(m) != nil {
				break
			}
		}
		_ = v.end()
		if len(begun) != len(done) {
			t.Errorf("%d begun, %d done", len(begun), len(done))
		}
	})
}
