package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/transport/wire"
)

// TestTTS: where a service that speaks is configured there is a tool, its result is a file to send, and its errors say what
// is wrong without the key.
func TestTTS(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "nobody") {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"detail":{"message":"no voice for `+r.Header.Get("Xi-Api-Key")+`"}}`)
			return
		}
		_, _ = io.WriteString(w, "OggS "+r.URL.Path+" "+r.URL.Query().Get("output_format"))
	}))
	t.Cleanup(service.Close)
	s := setup{config: fmt.Sprintf(`{talk: {baseUrl: %q, apiKey: "CANARY-talk", voiceId: "v1", voiceAliases: {Ann: "v2"}, outputFormat: "pcm_44100"}}`, service.URL)}
	c := dial(t, s.start(t).URL())
	said := func(args string) string {
		t.Helper()
		c.ok("chat.send", wire.ChatSendParams{SessionKey: "main", Message: "!tool tts " + args, IdempotencyKey: args}, nil)
		var h wire.ChatHistoryResult
		c.ok("chat.history", wire.ChatHistoryParams{SessionKey: "main"}, &h)
		return strings.ReplaceAll(string(h.Messages[len(h.Messages)-1]), `\"`, `"`)
	}
	file := regexp.MustCompile(`MEDIA:(/[^"\\]+\.ogg)`)
	for args, want := range map[string]string{
		`{"text":"Hello."}`:               "OggS /v1/text-to-speech/v1 opus_48000_64",
		`{"text":"Hello.","voice":"ann"}`: "OggS /v1/text-to-speech/v2 opus_48000_64",
	} {
		got := said(args)
		m := file.FindStringSubmatch(got)
		if m == nil {
			t.Errorf("%s: %s", args, got)
			continue
		}
		if b, err := os.ReadFile(m[1]); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", args, b, err)
		}
	}
	if got := said(`{"text":"x","voice":"nobody"}`); !strings.Contains(got, "no voice for [redacted]") {
		t.Errorf("no such voice: %s", got)
	}
	if got := said(`{"text":" "}`); !strings.Contains(got, "no text to speak") {
		t.Errorf("no text: %s", got)
	}
	var r wire.AgentPromptResult
	if c.ok("agent.prompt", nil, &r); !strings.Contains(r.Prompt, "- tts: ") || !strings.Contains(r.Prompt, "Voices: Ann.") {
		t.Errorf("tools %q", r.Tools)
	}
}
