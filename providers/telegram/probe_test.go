package telegram

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setup func(*bench)
		want  string // without elapsedMs
	}{
		{"good", func(*bench) {}, `{"ok":true,"status":200,"error":null,"bot":{"id":424242,"username":"fake_bot"},"webhook":{"url":"","hasCustomCert":false}}`},
		{"webhook with the token in it", func(b *bench) { b.SetWebhook("https://h/bot" + b.Token()) },
			`{"ok":true,"status":200,"error":null,"bot":{"id":424242,"username":"fake_bot"},"webhook":{"url":"https://h/bot[redacted]","hasCustomCert":false}}`},
		{"webhook info is extra", func(b *bench) { b.Always("getWebhookInfo", telegramfake.Status(500)) },
			`{"ok":true,"status":200,"error":null,"bot":{"id":424242,"username":"fake_bot"}}`},
		{"refused", func(b *bench) { b.Always("getMe", telegramfake.Status(401)) }, `{"ok":false,"status":401,"error":"Unauthorized"}`},
		{"no answer", func(b *bench) { b.Always("getMe", telegramfake.DropBefore()) }, `{"ok":false,"status":null,"error":"telegram getMe: EOF"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil, quick())
			tt.setup(b)
			raw, err := json.Marshal(b.p.Probe(b.ctx))
			if err != nil {
				t.Fatal(err)
			}
			var got, want map[string]any
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if _, ok := got["elapsedMs"].(float64); !ok {
				t.Error("no elapsedMs")
			}
			delete(got, "elapsedMs")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
