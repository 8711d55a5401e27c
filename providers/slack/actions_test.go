package slack

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

func TestPerform(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, nil, nil)
	theirs := b.s.Post(slackfake.Message{Channel: slackfake.General, User: slackfake.Ann, Text: "hello &amp; hi"})
	do := func(action string, params map[string]any) map[string]any {
		t.Helper()
		return providertest.Perform(t, b.ctx, b.p, action, params)
	}
	at := func(more ...any) map[string]any {
		m := map[string]any{"channelId": "channel:" + slackfake.General, "messageId": theirs}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	for range 2 { // done already is done
		do("react", at("emoji", ":tada:"))
	}
	if got := do("reactions", at())["reactions"].([]any); len(got) != 1 || got[0].(map[string]any)["name"] != "tada" {
		t.Errorf("reactions %v", got)
	}
	for range 2 {
		do("react", at("emoji", "tada", "remove", true))
		do("pinMessage", at())
	}
	if got := do("listPins", at())["pins"].([]any); len(got) != 1 || got[0].(map[string]any)["text"] != "hello & hi" {
		t.Errorf("pins %v", got)
	}
	for range 2 {
		do("unpinMessage", at())
	}
	sent := do("sendMessage", map[string]any{"to": "channel:" + slackfake.General, "content": "from a tool", "threadId": theirs})
	mine := sent["messageId"].(string)
	do("editMessage", at("messageId", mine, "content", "edited"))
	if got := b.s.Sent(slackfake.General); len(got) != 1 || got[0].Text != "edited" || got[0].Thread != theirs {
		t.Errorf("sent %+v", got)
	}
	if got := do("readMessages", at("threadId", theirs))["messages"].([]any); len(got) != 2 {
		t.Errorf("read %v", got)
	}
	if got := do("readMessages", at("limit", 1))["messages"].([]any); len(got) != 1 || got[0].(map[string]any)["userId"] != slackfake.Ann {
		t.Errorf("read %v", got)
	}
	do("deleteMessage", at("messageId", mine))
	if got := b.s.Sent(slackfake.General); len(got) != 0 {
		t.Errorf("sent %+v", got)
	}
	if got := do("memberInfo", map[string]any{"userId": "<@" + slackfake.Ann + ">"})["member"].(map[string]any); got["displayName"] != "Ann" {
		t.Errorf("member %v", got)
	}
	if got := do("channelInfo", at())["channel"].(map[string]any); got["name"] != "general" {
		t.Errorf("channel %v", got)
	}
	if got := do("emojiList", nil)["emoji"].(map[string]any); got["shipit"] == nil {
		t.Errorf("emoji %v", got)
	}
	do("permissions", nil)
}

func TestPerform_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t, slackfake.Options{}, map[string]any{"actions": map[string]any{"pins": false}}, nil)
	if got := b.p.Actions(); slices.Contains(got, "pinMessage") || !slices.Contains(got, "react") || len(got) != len(actions.All)-3 {
		t.Errorf("actions %q", got)
	}
	ts := b.s.Post(slackfake.Message{Channel: slackfake.General, User: slackfake.Ann, Text: "hers"})
	for name, tt := range map[string]struct{ action, params, want string }{
		"off":            {"pinMessage", `{}`, "slack.actions.pins"},
		"unknown":        {"search", `{}`, "no such action; there are react"},
		"unreadable":     {"react", `[]`, "cannot be read"},
		"no channel":     {"react", `{"channelId":"general","messageId":"` + ts + `","emoji":"x"}`, "channelId: give the id"},
		"no message":     {"react", `{"channelId":"C0GENERAL1","messageId":"last","emoji":"x"}`, "messageId: give the timestamp"},
		"no emoji":       {"react", `{"channelId":"C0GENERAL1","messageId":"` + ts + `","emoji":"::"}`, "emoji: give the name"},
		"no person":      {"memberInfo", `{"userId":"ann"}`, "userId: give the id"},
		"no text":        {"sendMessage", `{"to":"C0GENERAL1","content":" "}`, "content: give a text"},
		"no target":      {"sendMessage", `{"content":"x"}`, "to: give channel"},
		"bad target":     {"sendMessage", `{"to":"#general","content":"x"}`, "is no Slack conversation"},
		"limit":          {"readMessages", `{"channelId":"C0GENERAL1","limit":1000}`, "limit: 1 to 200"},
		"not ours":       {"editMessage", `{"channelId":"C0GENERAL1","messageId":"` + ts + `","content":"x"}`, "cant_update_message"},
		"nobody by that": {"memberInfo", `{"userId":"U0NOBODY01"}`, "nobody can be written to"},
	} {
		_, err := b.p.Perform(b.ctx, tt.action, json.RawMessage(tt.params))
		if classOf(t, err) != providers.Permanent || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
