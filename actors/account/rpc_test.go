package account

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestStatusResult(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_600_000_000)
	fields := map[string][]string{
		"whatsapp": {"authAgeMs", "configured", "connected", "lastConnectedAt", "lastDisconnect", "lastError", "lastEventAt", "lastMessageAt", "linked", "reconnectAttempts", "running", "self"},
		"telegram": {"configured", "lastError", "lastProbeAt", "lastStartAt", "lastStopAt", "mode", "running", "tokenSource"},
		"discord":  {"configured", "lastError", "lastProbeAt", "lastStartAt", "lastStopAt", "running", "tokenSource"},
		"slack":    {"appTokenSource", "botTokenSource", "configured", "lastError", "lastProbeAt", "lastStartAt", "lastStopAt", "running"},
		"signal":   {"baseUrl", "configured", "lastError", "lastProbeAt", "lastStartAt", "lastStopAt", "running"},
		"imessage": {"cliPath", "configured", "dbPath", "lastError", "lastProbeAt", "lastStartAt", "lastStopAt", "running"},
	}
	b, err := wire.Marshal(statusResult(now, nil, func(string) Setup { return Setup{} }))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	for surface, want := range fields {
		var members map[string]any
		if err := json.Unmarshal(got[surface], &members); err != nil {
			t.Fatalf("%s: %v in %s", surface, err, b)
		}
		var names []string
		for name := range members {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("%s has %v, want %v", surface, names, want)
		}
		if members["configured"] != false || members["running"] != false {
			t.Errorf("%s = %v, want not configured, not running", surface, members)
		}
	}
}

func TestStatusResult_telegram(t *testing.T) {
	t.Parallel()
	states := []State{{
		Account: "telegram", Surface: "telegram", Phase: Up, Mode: "polling", LastStart: 5, LastProbe: 9,
		Probe: map[string]any{"ok": true, "status": 200, "error": nil, "elapsedMs": 3, "bot": map[string]any{"id": 1, "username": "b"}},
	}}
	r := statusResult(time.Now(), states, func(string) Setup { return Setup{Configured: true, Sources: []string{"env"}} }).Telegram
	if !r.Configured || r.TokenSource != "env" || !r.Running || r.Mode == nil || *r.Mode != "polling" || *r.LastStartAt != 5 || r.LastStopAt != nil || r.LastError != nil {
		t.Errorf("telegram = %+v", r)
	}
	if r.Probe == nil || !r.Probe.OK || *r.Probe.Bot.Username != "b" || *r.LastProbeAt != 9 {
		t.Errorf("probe = %+v", r.Probe)
	}
	states[0].Phase, states[0].LastError = Terminal, "bad token"
	r = statusResult(time.Now(), states, func(string) Setup { return Setup{Configured: true, Sources: []string{"env"}} }).Telegram
	if r.Running || r.Mode != nil || *r.LastError != "bad token" {
		t.Errorf("telegram when down = %+v", r)
	}
}

func TestProbeTimeout(t *testing.T) {
	t.Parallel()
	ms := func(n int64) *int64 { return &n }
	for _, tt := range []struct {
		in   *int64
		want time.Duration
	}{{nil, 10 * time.Second}, {ms(0), time.Second}, {ms(2500), 2500 * time.Millisecond}, {ms(1 << 50), 5 * time.Minute}} {
		if got := probeTimeout(tt.in); got != tt.want {
			t.Errorf("probeTimeout = %v, want %v", got, tt.want)
		}
	}
}
