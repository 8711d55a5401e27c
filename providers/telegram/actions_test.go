package telegram

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// do performs an action that must succeed.
func (b *bench) do(t *testing.T, action string, params map[string]any) map[string]any {
	t.Helper()
	return providertest.Perform(t, b.ctx, b.p, action, params)
}

func TestPerform(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	b.do(t, "react", map[string]any{"chatId": 7, "messageId": 11, "emoji": "❤\uFE0F"})
	if got := b.Reacted("7", "11"); got != "❤" {
		t.Errorf("reacted with %q", got)
	}
	b.do(t, "react", map[string]any{"to": "telegram:7", "messageId": "11", "remove": true})
	if got := b.Reacted("7", "11"); got != "" {
		t.Errorf("reacted with %q", got)
	}

	sent := b.do(t, "sendMessage", map[string]any{"to": "7", "content": "**bold** 1 < 2", "replyTo": 11, "threadId": 3})
	id := sent["messageId"].(string)
	want := telegramfake.Sent{Method: "sendMessage", MessageID: parse(t, id), Chat: "7", Text: "<b>bold</b> 1 &lt; 2", Params: map[string]string{
		"chat_id": "7", "text": "<b>bold</b> 1 &lt; 2", "parse_mode": "HTML", "disable_web_page_preview": "true",
		"reply_to_message_id": "11", "allow_sending_without_reply": "true", "message_thread_id": "3",
	}}
	if diff := cmp.Diff([]telegramfake.Sent{want}, b.Sent()); diff != "" {
		t.Error(diff)
	}
	if !b.p.sent.has("7", id) {
		t.Error("what the action has sent is not known as ours")
	}
	for range 2 { // that it reads so already is fine
		b.do(t, "editMessage", map[string]any{"to": "7", "messageId": id, "content": "*new*"})
	}
	if got := b.Sent()[0].Text; got != "<i>new</i>" {
		t.Errorf("edited to %q", got)
	}
	b.do(t, "pinMessage", map[string]any{"to": "7", "messageId": id})
	if !b.Pinned("7", id) {
		t.Error("not pinned")
	}
	b.do(t, "unpinMessage", map[string]any{"to": "7", "messageId": id})
	if b.Pinned("7", id) {
		t.Error("still pinned")
	}
	b.do(t, "deleteMessage", map[string]any{"to": "7", "messageId": id})
	b.do(t, "poll", map[string]any{"to": "-100", "question": "Tea?", "answers": []string{"yes", "no"}, "allowMultiselect": true})
	polls := b.Sent()
	if len(polls) != 1 || polls[0].Params["options"] != `[{"text":"yes"},{"text":"no"}]` || polls[0].Params["is_anonymous"] != "true" || polls[0].Params["allows_multiple_answers"] != "true" {
		t.Errorf("sent %+v", polls)
	}
	if got := b.do(t, "channelInfo", map[string]any{"channelId": "-100"})["channel"].(map[string]any); got["name"] != "Friends" || got["id"] != "-100" {
		t.Errorf("channel %v", got)
	}
	if got := b.do(t, "memberInfo", map[string]any{"chatId": "-100", "userId": 8})["member"].(map[string]any); got["name"] != "Ann Lee" || got["id"] != "8" {
		t.Errorf("member %v", got)
	}
}

func parse(t *testing.T, id string) (n int64) {
	t.Helper()
	if err := json.Unmarshal([]byte(id), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The words under a file are edited by another method, and markup that the platform cannot read is left away.
func TestPerform_editFallsBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	path := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(path, []byte("plain"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.send(t, providers.Outgoing{Text: "old", Media: &providers.Media{Path: path, MIME: "text/plain"}}); err != nil {
		t.Fatal(err)
	}
	b.Script("editMessageCaption", telegramfake.Fault{Code: http.StatusBadRequest, Description: "Bad Request: can't parse entities: x"})
	b.do(t, "editMessage", map[string]any{"to": "7", "messageId": b.Sent()[0].MessageID, "content": "**new**"})
	if got := b.Sent()[0].Text; got != "new" {
		t.Errorf("edited to %q", got)
	}
	if calls := b.Calls(); calls["editMessageText"] != 1 || calls["editMessageCaption"] != 2 {
		t.Errorf("calls %v", calls)
	}
}

func TestPerform_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"actions": map[string]any{"pins": false}}, quick())
	if got := b.p.Actions(); slices.Contains(got, "pinMessage") || !slices.Contains(got, "react") || len(got) != len(actions.All)-2 {
		t.Errorf("actions %q", got)
	}
	for name, tt := range map[string]struct{ action, params, want string }{
		"off":            {"pinMessage", `{}`, "telegram.actions.pins"},
		"unknown":        {"search", `{}`, "no such action; there are react"},
		"unreadable":     {"react", `[]`, "cannot be read"},
		"no chat":        {"react", `{"messageId":1,"emoji":"👍"}`, "to: give the chat's id"},
		"bad chat":       {"react", `{"to":"a b","messageId":1,"emoji":"👍"}`, "is no Telegram chat"},
		"no message":     {"react", `{"to":"7","messageId":"last","emoji":"👍"}`, "messageId: give the number"},
		"no emoji":       {"react", `{"to":"7","messageId":1,"emoji":" "}`, "emoji: give an emoji"},
		"foreign emoji":  {"react", `{"to":"7","messageId":1,"emoji":"🦖"}`, "REACTION_INVALID"},
		"no text":        {"sendMessage", `{"to":"7","content":" "}`, "content: give a text"},
		"long text":      {"sendMessage", `{"to":"7","content":"` + strings.Repeat("x", 5000) + `"}`, "content: longer than 4000"},
		"not ours":       {"editMessage", `{"to":"7","messageId":99,"content":"x"}`, "message to edit not found"},
		"gone":           {"deleteMessage", `{"to":"7","messageId":99}`, "message to delete not found"},
		"no question":    {"poll", `{"to":"7","answers":["a","b"]}`, "question: give one"},
		"one answer":     {"poll", `{"to":"7","question":"?","answers":["a"]}`, "answers: give 2 to 10"},
		"an empty one":   {"poll", `{"to":"7","question":"?","answers":["a"," "]}`, "number 2 must have"},
		"no person":      {"memberInfo", `{"to":"7","userId":"ann"}`, "userId: give the number"},
		"nobody by that": {"channelInfo", `{"to":"@nobody_here"}`, "no chat @nobody_here for this bot"},
	} {
		_, err := b.p.Perform(b.ctx, tt.action, json.RawMessage(tt.params))
		var se *providers.SendError
		if !errors.As(err, &se) || se.Class != providers.Permanent || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.Script("setMessageReaction", telegramfake.DropAfter(), telegramfake.TooMany(3), telegramfake.Status(http.StatusUnauthorized))
	for _, want := range []providers.Class{providers.Ambiguous, providers.Transient, providers.Unauthorized} {
		_, err := b.p.Perform(b.ctx, "react", json.RawMessage(`{"to":"7","messageId":1,"emoji":"👍"}`))
		var se *providers.SendError
		if !errors.As(err, &se) || se.Class != want || strings.Contains(err.Error(), b.Token()) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
