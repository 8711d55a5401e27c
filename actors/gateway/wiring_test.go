package gateway

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestSection_idle: when a surface starts, and where its tokens come from (providers 0.4).
func TestSection_idle(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	full, empty := filepath.Join(dir, "full"), filepath.Join(dir, "empty")
	for path, text := range map[string]string{full: " t \n", empty: " \n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const off = "not configured"
	tests := []struct {
		surface, section string
		env              map[string]string
		idle             string
		sources          []string
	}{
		{"telegram", `{}`, nil, off, []string{"none"}},
		{"telegram", `{"botToken":" t "}`, nil, "", []string{"config"}},
		{"telegram", `{"botToken":"t","enabled":false}`, nil, "disabled", []string{"config"}},
		{"telegram", `{"botToken":"t","tokenFile":"` + full + `"}`, nil, "", []string{"tokenFile"}},
		{"telegram", `{"botToken":"t","tokenFile":"` + empty + `"}`, nil, off, []string{"none"}},
		{"telegram", `{"botToken":"t","tokenFile":"` + empty + `x"}`, nil, off, []string{"none"}},
		{"telegram", `{}`, map[string]string{"TELEGRAM_BOT_TOKEN": "t"}, "", []string{"env"}},
		{"discord", `{"token":"t"}`, map[string]string{"DISCORD_BOT_TOKEN": "  "}, "", []string{"config"}},
		{"discord", `{"dm":{}}`, nil, off, []string{"none"}},
		{"slack", `{"botToken":"t"}`, nil, off, []string{"config", "none"}},
		{"slack", `{"botToken":"t"}`, map[string]string{"SLACK_APP_TOKEN": "a"}, "", []string{"config", "env"}},
		{"signal", `{}`, nil, off, nil},
		{"signal", `{"allowFrom":["+1"]}`, nil, off, nil},
		{"signal", `{"account":" "}`, nil, off, nil},
		{"signal", `{"httpPort":8081}`, nil, "", nil},
		{"signal", `{"autoStart":false}`, nil, "", nil},
		{"signal", `{"account":"+1","enabled":false}`, nil, "disabled", nil},
		{"imessage", `{}`, nil, off, nil},
		{"imessage", `{"region":"DE"}`, nil, "", nil},
		{"whatsapp", `{"web":{}}`, nil, "", nil},
		{"whatsapp", `{"web":{"enabled":false}}`, nil, "disabled", nil},
		{"own", `{}`, nil, "", nil},
		{"own", `{"enabled":false}`, nil, "disabled", nil},
	}
	for _, tt := range tests {
		s := section{surface: tt.surface, there: tt.section != `{}`, getenv: func(name string) string { return tt.env[name] }, home: func(p string) string { return p }}
		if err := wire.Unmarshal(json.RawMessage(tt.section), &s.keys); err != nil {
			t.Fatal(err)
		}
		if idle, sources := s.idle(), s.sources(); idle != tt.idle || !slices.Equal(sources, tt.sources) {
			t.Errorf("%s %s with %v: %q from %v, want %q from %v", tt.surface, tt.section, tt.env, idle, sources, tt.idle, tt.sources)
		}
	}
}

// TestSection_signalURL: where the daemon is asked for (providers a.5).
func TestSection_signalURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{}`:                               "http://127.0.0.1:8080",
		`{"httpHost":"h","httpPort":1}`:    "http://h:1",
		`{"httpUrl":"h:2//","httpPort":1}`: "http://h:2",
		`{"httpUrl":" https://h ","httpHost":"x"}`: "https://h",
		`{"httpUrl":"https://me:geheim@h"}`:        "https://me:xxxxx@h",
	} {
		s := section{surface: "signal"}
		if err := wire.Unmarshal([]byte(in), &s.keys); err != nil {
			t.Fatal(err)
		}
		if got := s.signalURL(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
