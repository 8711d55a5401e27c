package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const someModels = `{models: {providers: {
	openai: {models: [{id: "gpt-test-z"}, {id: "x", name: "alpha", contextWindow: 8000, reasoning: true}]},
	anthropic: {models: [{id: "claude-test-b", name: "B-Model"}, {id: "claude-test-a", name: "A-Model", contextWindow: 200000}]},
}}}`

// TestModelsList: order, fallback of the name, a window of 0, the file beside the configuration (protocol 13, models).
func TestModelsList(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), config: someModels}
	c := dial(t, s.start(t).URL())
	list := func() string {
		t.Helper()
		return string(c.ok("models.list", nil, nil).Payload)
	}
	conf := `{"id":"claude-test-a","name":"A-Model","provider":"anthropic","contextWindow":200000},` +
		`{"id":"claude-test-b","name":"B-Model","provider":"anthropic"},`
	last := `{"id":"x","name":"alpha","provider":"openai","contextWindow":8000,"reasoning":true},{"id":"gpt-test-z","name":"gpt-test-z","provider":"openai"}`
	if got, want := list(), `{"models":[`+conf+last+`]}`; got != want {
		t.Errorf("configured: %s\nwant        %s", got, want)
	}
	if e := c.refused("models.list", map[string]any{"extra": true}); e.Message != "invalid models.list params: data must NOT have additional properties" {
		t.Errorf("extra param: %+v", e)
	}

	file := filepath.Join(s.dir, "agent", "models.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"providers": {"local": {"apiKey": "secret", "models": [{"id": " l ", "contextWindow": 0, "reasoning": false}, {"id": ""}]},
		"openai": {"models": [{"id": "x", "name": "not this one"}]}}}`)
	if got, want := list(), `{"models":[`+conf+`{"id":"l","name":"l","provider":"local","reasoning":false},`+last+`]}`; got != want {
		t.Errorf("with a file: %s\nwant         %s", got, want)
	}
	write(`{"providers": 5`)
	if got := list(); strings.Contains(got, "local") || !strings.Contains(got, "gpt-test-z") {
		t.Errorf("with a broken file: %s", got)
	}
}

// TestModelsList_none: a fresh gateway knows no models and makes up none.
func TestModelsList_none(t *testing.T) {
	t.Parallel()
	c := dial(t, setup{}.start(t).URL())
	if got := string(c.ok("models.list", nil, nil).Payload); got != `{"models":[]}` {
		t.Errorf("models.list: %s", got)
	}
}

// TestModels_replace: with models.mode "replace" the file does not count.
func TestModels_replace(t *testing.T) {
	t.Parallel()
	s := setup{dir: t.TempDir(), config: `{models: {mode: "replace", providers: {p: {models: [{id: "m"}]}}}}`}
	if err := os.MkdirAll(filepath.Join(s.dir, "agent"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "agent", "models.json"), []byte(`{"providers":{"q":{"models":[{"id":"n"}]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s.start(t).URL())
	if got := string(c.ok("models.list", nil, nil).Payload); got != `{"models":[{"id":"m","name":"m","provider":"p"}]}` {
		t.Errorf("models.list: %s", got)
	}
}

// TestModels_thinkByDefault: a session with a reasoning model thinks a little unless it says otherwise (protocol 3.8).
func TestModels_thinkByDefault(t *testing.T) {
	t.Parallel()
	g := setup{config: someModels, seed: func(tx *store.Tx) error {
		for key, e := range map[string]wire.SessionEntry{
			"thinks":  {SessionID: "s1", ProviderOverride: "openai", ModelOverride: "x"},
			"plain":   {SessionID: "s2", ProviderOverride: "openai", ModelOverride: "gpt-test-z"},
			"its own": {SessionID: "s3", ProviderOverride: "openai", ModelOverride: "x", ThinkingLevel: "high"},
		} {
			if err := session(tx, key, e); err != nil {
				return err
			}
		}
		return nil
	}}.start(t)
	c := dial(t, g.URL())
	for key, want := range map[string]string{"thinks": "low", "plain": "off", "its own": "high"} {
		var h wire.ChatHistoryResult
		c.ok("chat.history", wire.ChatHistoryParams{SessionKey: key}, &h)
		if h.ThinkingLevel != want {
			t.Errorf("%s: thinking %q, want %q", key, h.ThinkingLevel, want)
		}
	}
}

// TestModels_none: a program without formats that is told of a model says at its start that this counts for nothing, and answers.
func TestModels_none(t *testing.T) {
	t.Parallel()
	var said records
	g := setup{config: `{agent: {model: "anthropic/claude"}}`, log: said.handler()}.start(t)
	c := dial(t, g.URL())
	c.ok("chat.send", chatSend("main", "say it again", "k"), nil)
	c.wait("the answer", 0, containing("chat", "say it again", `"final"`))
	if want := "this program was built without models"; !strings.Contains(said.String(), want) {
		t.Errorf("not in the log: %s", want)
	}
}
