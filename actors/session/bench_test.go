package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// BenchmarkList is sessions.list of 1,000 sessions as an import leaves them, each with a snapshot of its skills.
func BenchmarkList(b *testing.B) {
	o := options(b)
	skills := wire.Raw(`{"prompt":"` + strings.Repeat("<skill>does something useful</skill>", 100) + `","skills":[{"name":"one"}]}`)
	n := int64(1)
	err := o.Store.Do(b.Context(), func(tx *store.Tx) error {
		for i := range 1000 {
			key := fmt.Sprintf("telegram:group:-100%d", i)
			err := tx.PutEntry(key, wire.SessionEntry{
				SessionID: fmt.Sprint("0b1c2d3e-0000-4000-8000-", i), UpdatedAt: time.Now().UnixMilli(), Subject: fmt.Sprint("Group ", i), ChatType: "group",
				Surface: "telegram", InputTokens: &n, OutputTokens: &n, TotalTokens: &n, Model: "some-model", ModelProvider: "anthropic",
				ContextTokens: &n, SkillsSnapshot: skills,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := list(b.Context(), o, wire.SessionsListParams{})
		if err != nil || r.Count != 1000 {
			b.Fatalf("%d rows, %v", r.Count, err)
		}
		if _, err := wire.Marshal(r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHistory is chat.history of a transcript of 50,000 lines: the last 200.
func BenchmarkHistory(b *testing.B) {
	o := options(b)
	fillTranscript(b, o, "main", 50_000)
	for b.Loop() {
		r, err := history(b.Context(), o, wire.ChatHistoryParams{SessionKey: "main"})
		if err != nil || len(r.Messages) != 200 {
			b.Fatalf("%d messages, %v", len(r.Messages), err)
		}
		if _, err := wire.Marshal(r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDelete is sessions.delete of such a transcript, its archive included.
func BenchmarkDelete(b *testing.B) {
	o := options(b)
	for b.Loop() {
		b.StopTimer()
		fillTranscript(b, o, "gone", 50_000)
		b.StartTimer()
		r, err := o.remove(b.Context(), DeleteSession{Key: "gone"})
		if err != nil || len(r.Archived) != 1 {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}

func fillTranscript(t testing.TB, o *Options, key string, lines int) {
	t.Helper()
	message := []byte(`{"role":"user","content":[{"type":"text","text":"` + strings.Repeat("words ", 30) + `"}],"timestamp":1}`)
	if err := o.Store.Do(t.Context(), func(tx *store.Tx) error { return tx.PutEntry(key, wire.SessionEntry{SessionID: "id-" + key}) }); err != nil {
		t.Fatal(err)
	}
	for done := 0; done < lines; {
		err := o.Store.Do(t.Context(), func(tx *store.Tx) error {
			for range min(5000, lines-done) {
				if err := tx.AppendLine(store.Line{SessionID: "id-" + key, Role: "assistant", Message: message, At: 1}); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
