package telegram

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	full := Config{
		Enabled: &yes, BotToken: "1:a", TokenFile: "/x", ReplyToMode: "all",
		Groups:    map[string]Group{"*": {RequireMention: &no}, "-100": {}},
		AllowFrom: []providers.ID{"7", "@ann", "-100200300400500"}, TextChunkLimit: 100, MediaMaxMB: 1.5, Proxy: "http://u:p@127.0.0.1:1",
		ReactionNotifications: "allowlist", ReactionAllowlist: []providers.ID{"8"}, Actions: map[string]bool{"pins": false},
	}
	tests := []struct {
		name, in string
		want     Config
		err      string // part of it; "" = none
	}{
		{"absent", "", Config{ReplyToMode: "off", TextChunkLimit: 4000, MediaMaxMB: 5}, ""},
		{"empty", "{}", Config{ReplyToMode: "off", TextChunkLimit: 4000, MediaMaxMB: 5}, ""},
		{"full", `{"enabled":true,"botToken":"1:a","tokenFile":"/x","replyToMode":"all","groups":{"*":{"requireMention":false},"-100":{}},
			"allowFrom":[7,"@ann",-100200300400500],"textChunkLimit":100,"mediaMaxMb":1.5,"proxy":"http://u:p@127.0.0.1:1",
			"reactionNotifications":"allowlist","reactionAllowlist":[8],"actions":{"pins":false}}`, full, ""},
		{"over the platform's limit", `{"textChunkLimit":9000}`, Config{ReplyToMode: "off", TextChunkLimit: 4096, MediaMaxMB: 5}, ""},
		{"reply mode", `{"replyToMode":"some"}`, Config{}, "telegram.replyToMode"},
		{"chunk limit", `{"textChunkLimit":-1}`, Config{}, "telegram.textChunkLimit"},
		{"media limit", `{"mediaMaxMb":-1}`, Config{}, "telegram.mediaMaxMb"},
		{"reactions", `{"reactionNotifications":"some"}`, Config{}, "telegram.reactionNotifications"},
		{"proxy scheme", `{"proxy":"ftp://h"}`, Config{}, "telegram.proxy"},
		{"proxy syntax", `{"proxy":"http://user:s3cret@%zz"}`, Config{}, "telegram.proxy"},
		{"allowFrom", `{"allowFrom":[true]}`, Config{}, "string or a number"},
		{"type", `{"enabled":"yes"}`, Config{}, "enabled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseConfig(json.RawMessage(tt.in))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one about %q", err, tt.err)
				}
				if strings.Contains(err.Error(), "s3cret") {
					t.Errorf("a password is in the error: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			tt.want.WebhookPath = "/telegram-webhook"
			if tt.want.ReactionNotifications == "" {
				tt.want.ReactionNotifications = "own"
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good, empty, missing := file("good", " 2:file\n"), file("empty", "\n"), filepath.Join(dir, "missing")
	tests := []struct {
		name          string
		env           string
		cfg           Config
		token, source string
		err           string
	}{
		{"environment first", "1:env", Config{TokenFile: good, BotToken: "3:cfg"}, "1:env", "env", ""},
		{"blank environment", "  ", Config{TokenFile: good, BotToken: "3:cfg"}, "2:file", "tokenFile", ""},
		{"file before config", "", Config{TokenFile: good, BotToken: "3:cfg"}, "2:file", "tokenFile", ""},
		{"empty file decides", "", Config{TokenFile: empty, BotToken: "3:cfg"}, "", "none", "telegram.tokenFile"},
		{"missing file decides", "", Config{TokenFile: missing, BotToken: "3:cfg"}, "", "none", "telegram.tokenFile"},
		{"config", "", Config{BotToken: " 3:cfg "}, "3:cfg", "config", ""},
		{"none", "", Config{}, "", "none", "telegram.botToken"},
		{"no token at all", "", Config{BotToken: "3:cfg/../x"}, "", "none", "telegram.botToken"},
		{"no token in the environment", "a b", Config{}, "", "none", "TELEGRAM_BOT_TOKEN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			getenv := func(k string) string {
				if k == "TELEGRAM_BOT_TOKEN" {
					return tt.env
				}
				return ""
			}
			token, source, err := Token(tt.cfg, getenv)
			if token != tt.token || source != tt.source {
				t.Errorf("Token = %q from %q, want %q from %q", token, source, tt.token, tt.source)
			}
			if got := TokenSource(tt.cfg, getenv); got != tt.source {
				t.Errorf("TokenSource = %q, want %q", got, tt.source)
			}
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want one about %q", err, tt.err)
			}
		})
	}
	if got := TokenSource(Config{BotToken: "3:cfg"}, nil); got != "config" {
		t.Errorf("TokenSource without an environment = %q", got)
	}
}

func TestFactory(t *testing.T) {
	t.Parallel()
	f := Factory()
	if f.Surface != "telegram" {
		t.Errorf("Surface = %q", f.Surface)
	}
	p, err := f.New(providers.Env{Config: json.RawMessage(`{"botToken":"1:a","textChunkLimit":50}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Capabilities(), (providers.Capabilities{MaxText: 50, Markup: providers.HTML}); got != want {
		t.Errorf("Capabilities = %+v, want %+v", got, want)
	}
	for name, env := range map[string]providers.Env{
		"telegram.botToken":    {},
		"telegram.replyToMode": {Config: json.RawMessage(`{"botToken":"1:a","replyToMode":"x"}`)},
		"telegram.proxy": {
			Config: json.RawMessage(`{"botToken":"1:a","proxy":"http://127.0.0.1:1"}`),
			HTTP:   &http.Client{Transport: http.DefaultTransport},
		},
	} {
		if _, err := f.New(env); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("New = %v, want an error about %s", err, name)
		}
	}
}
