package modelrun

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestMessages_mended: whatever a transcript has lost, what models are shown begins with the user, has a result for each
// call, right behind it, and no result without one.
func TestMessages_mended(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var raw []wire.Raw
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			raw = append(raw, rapid.SampledFrom([]wire.Raw{
				wire.Raw(`{"role":"user","content":"hello"}`),
				wire.Raw(`{"role":"user","content":[]}`),
				wire.Raw(`{"role":"assistant","content":[{"type":"text","text":"hi"}],"provider":"p","model":"m"}`),
				wire.Raw(fmt.Sprintf(`{"role":"assistant","content":[{"type":"toolCall","id":"a%d","name":"x","arguments":{}},{"type":"toolCall","id":"b%d","name":"x","arguments":{}}]}`, i, i)),
				wire.Raw(fmt.Sprintf(`{"role":"toolResult","toolCallId":"a%d","content":[{"type":"text","text":"r"}]}`, i-1)),
				wire.Raw(fmt.Sprintf(`{"role":"toolResult","toolCallId":"b%d","content":"r"}`, i-2)),
				wire.Raw(`{"role":"compactionSummary","summary":"short"}`), wire.Raw(`{"role":"bashExecution"}`), wire.Raw(`broken`), wire.Raw(`null`),
			}).Draw(t, "line"))
		}
		all := messages(history(raw), models.Target{Provider: "p", Model: "m", Pictures: true})
		var open []model.Call
		for i, m := range all {
			if len(m.Parts) == 0 || i == 0 && m.Role != model.User {
				t.Fatalf("message %d: %+v", i, m)
			}
			if (m.Role == model.Results) != (len(open) > 0) || m.Role == model.Results && len(m.Parts) != len(open) {
				t.Fatalf("message %d: %+v after calls %+v", i, m, open)
			}
			for j, p := range m.Parts {
				if r, ok := p.(model.Result); ok && r.ID != open[j].ID {
					t.Fatalf("message %d: result %+v of %+v", i, r, open[j])
				}
			}
			open = m.Calls()
		}
		if len(open) > 0 {
			t.Fatalf("calls %+v have no results", open)
		}
	})
}

// TestContent: what is written into a transcript is read back.
func TestContent(t *testing.T) {
	t.Parallel()
	m := model.Message{Role: model.Assistant, Parts: []model.Part{
		model.Thinking{Text: "hm", Signature: "s1"}, model.Text{Text: "hi", Signature: "s2"},
		model.Call{ID: "c", Name: "x", Args: json.RawMessage(`{"a":[1]}`), Signature: "s3"},
	}}
	raw := encode(Line{Role: "assistant", Content: json.RawMessage(content(m)), Provider: "p", Model: "m"})
	got := history([]wire.Raw{raw})
	if len(got) != 1 || got[0].from != "p/m" || fmt.Sprint(got[0].message) != fmt.Sprint(m) {
		t.Errorf("%+v", got)
	}
	silent := string(ResultLine(model.Result{ID: "c", Name: "x"}, 1))
	if want := `{"role":"toolResult","content":[{"type":"text","text":""}],"toolCallId":"c","toolName":"x","timestamp":1}`; silent != want {
		t.Errorf("a tool that says nothing: %s, want %s", silent, want)
	}
}
