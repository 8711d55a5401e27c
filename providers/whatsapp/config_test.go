package whatsapp

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"replyToMode":"some"}`:     "whatsapp.replyToMode",
		`{"textChunkLimit":-1}`:      "whatsapp.textChunkLimit",
		`{"clientVersion":"newest"}`: "whatsapp.clientVersion",
		`{"allowFrom":7}`:            "whatsapp",
	} {
		if _, err := ParseConfig([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %v", raw, err)
		}
	}
	c, err := ParseConfig(nil)
	if err != nil || c.TextChunkLimit != 4000 || c.ReplyToMode != providers.ReplyOff {
		t.Errorf("empty = %+v, %v", c, err)
	}
}

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`x`, `{"url":"nothing"}`, `{"url":"http://127.0.0.1:1","rootKey":"short"}`, `{"url":"http://127.0.0.1:1","mediaUrl":"%"}`} {
		if _, err := parseEndpoint(raw); err == nil || !strings.Contains(err.Error(), "dev.endpoints.whatsapp") {
			t.Errorf("%s = %v", raw, err)
		}
	}
	h, err := parseEndpoint(`{"url":"ws://127.0.0.1:9/base"}`)
	if err != nil || h.web.String() != "http://127.0.0.1:9/base" || h.media != h.web {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	r := rules([]byte(`{"allowFrom":["+1 (555) 000-2222","whatsapp:15550003333","nonsense"],"groups":{"1@g.us":{"requireMention":false}}}`))
	direct := r(providers.Incoming{Kind: providers.Direct, Chat: "+15550002222"})
	if got := strings.Join(direct.From, " "); got != "+15550002222 +15550003333" || direct.Refused != "" {
		t.Errorf("direct %+v", direct)
	}
	if g := r(providers.Incoming{Kind: providers.Group, Chat: "1@g.us"}); g.Mention || len(g.From) != 0 {
		t.Errorf("the open group %+v", g)
	}
	if g := r(providers.Incoming{Kind: providers.Group, Chat: "2@g.us"}); !g.Mention || !g.Patterns {
		t.Errorf("another group %+v", g)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for chat, want := range map[string]string{
		"+49 170 1234567": "491701234567@s.whatsapp.net", "whatsapp:+491701234567": "491701234567@s.whatsapp.net",
		"1203630@g.us": "1203630@g.us", "77@lid": "77@lid", "491701234567:3@s.whatsapp.net": "491701234567@s.whatsapp.net",
		"": "", "hello": "", "123": "", "status@broadcast": "", "@g.us": "", "+49\u202e1701234567": "",
	} {
		got, err := target(chat)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("%q = %v, %v", chat, got, err)
		}
	}
}
