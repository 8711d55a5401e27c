package signal

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/signalfake"
)

func TestPerform(t *testing.T) {
	t.Parallel()
	const ann, bob = "+15550002000", "+15550003000"
	s := signalfake.Start(t, signalfake.Options{})
	b := newBench(t, map[string]any{"httpUrl": s.URL(), "account": s.Account()}, quick(), nil)
	do := func(action string, params map[string]any) error {
		t.Helper()
		raw, err := json.Marshal(params)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Perform(b.ctx, action, raw)
		return err
	}
	send := func(chat string) (id string, at int64) {
		t.Helper()
		r, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: chat}, Text: "ours"})
		if err != nil {
			t.Fatal(err)
		}
		at, err = strconv.ParseInt(r.MessageID, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return r.MessageID, at
	}
	ours, oursAt := send(ann)
	inGroup, inGroupAt := send("group:G=")
	for name, c := range map[string]struct {
		params       map[string]any
		chat, author string
		at           int64
	}{
		"theirs":              {map[string]any{"to": "signal:" + ann, "messageId": 7}, ann, ann, 7},
		"ours":                {map[string]any{"to": ann, "messageId": ours}, ann, s.Account(), oursAt},
		"theirs in a group":   {map[string]any{"to": "group:G=", "messageId": "7@" + bob}, "group:G=", bob, 7},
		"ours in a group":     {map[string]any{"chatId": "group:G=", "messageId": inGroup}, "group:G=", s.Account(), inGroupAt},
		"ours, long ago":      {map[string]any{"to": "group:G=", "messageId": 8, "fromMe": true}, "group:G=", s.Account(), 8},
		"by somebody's name":  {map[string]any{"to": "group:G=", "messageId": 9, "author": bob}, "group:G=", bob, 9},
		"of who hides behind": {map[string]any{"to": "username:ann.01", "messageId": 9, "author": bob}, "username:ann.01", bob, 9},
	} {
		c.params["emoji"] = "👍"
		if err := do("react", c.params); err != nil || s.Reacted(c.chat, c.author, c.at) != "👍" {
			t.Errorf("%s: reacted with %q, %v", name, s.Reacted(c.chat, c.author, c.at), err)
		}
		c.params["remove"] = true
		if err := do("react", c.params); err != nil || s.Reacted(c.chat, c.author, c.at) != "" {
			t.Errorf("%s: still %q, %v", name, s.Reacted(c.chat, c.author, c.at), err)
		}
	}
	if err := do("editMessage", map[string]any{"to": ann, "messageId": ours, "content": "new"}); err != nil || s.Sent()[0].Text != "new" || len(s.Sent()) != 2 {
		t.Errorf("sent %+v, %v", s.Sent(), err)
	}
	if err := do("deleteMessage", map[string]any{"to": ann, "messageId": ours}); err != nil || len(s.Sent()) != 1 {
		t.Errorf("sent %+v, %v", s.Sent(), err)
	}
	for name, c := range map[string]struct {
		action, params, want string
	}{
		"unknown":           {"poll", `{}`, "there are react"},
		"unreadable":        {"react", `[]`, "cannot be read"},
		"no chat":           {"react", `{"messageId":7,"emoji":"👍"}`, "is no Signal chat"},
		"no message":        {"react", `{"to":"+15550002000","messageId":"last","emoji":"👍"}`, "messageId: give the id"},
		"no emoji":          {"react", `{"to":"+15550002000","messageId":7,"remove":true}`, "emoji: give"},
		"whose in a group":  {"react", `{"to":"group:G=","messageId":7,"emoji":"👍"}`, "author: who wrote"},
		"whose by username": {"react", `{"to":"username:ann.01","messageId":7,"emoji":"👍"}`, "author: the number"},
		"no text":           {"editMessage", `{"to":"+15550002000","messageId":7,"content":" "}`, "content: give"},
		"not there":         {"deleteMessage", `{"to":"+15550002000","messageId":7}`, "No message with that timestamp"},
	} {
		var se *providers.SendError
		if _, err := b.Perform(b.ctx, c.action, json.RawMessage(c.params)); !errors.As(err, &se) || se.Class != providers.Permanent || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Script("sendReaction", signalfake.Fault{Drop: true, Act: true}, signalfake.Fault{Code: codeNoMethod, Message: "Method not implemented"},
		signalfake.Fault{Code: codeRateLimit, Message: "slow down"})
	for want, class := range map[string]providers.Class{"may or may not": providers.Ambiguous} {
		var se *providers.SendError
		if _, err := b.Perform(b.ctx, "react", json.RawMessage(`{"to":"+15550002000","messageId":7,"emoji":"👍"}`)); !errors.As(err, &se) || se.Class != class || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, class)
		}
	}
	if err := do("react", map[string]any{"to": ann, "messageId": 7, "emoji": "👍"}); err == nil || !strings.Contains(err.Error(), "newer signal-cli") {
		t.Errorf("an old daemon: %v", err)
	}
	var se *providers.SendError
	if err := do("react", map[string]any{"to": ann, "messageId": 7, "emoji": "👍"}); !errors.As(err, &se) || se.Class != providers.Transient {
		t.Errorf("a busy daemon: %v", err)
	}
}

func TestPerform_withoutANumber(t *testing.T) {
	t.Parallel()
	s := signalfake.Start(t, signalfake.Options{})
	b := newBench(t, map[string]any{"httpUrl": s.URL(), "actions": map[string]any{"messages": false}}, quick(), nil)
	if got := b.Actions(); !slices.Equal(got, []string{"react"}) {
		t.Errorf("actions %q", got)
	}
	for want, action := range map[string]string{"set signal.account": "react", "signal.actions.messages": "editMessage"} {
		if _, err := b.Perform(b.ctx, action, json.RawMessage(`{"to":"+15550002000","messageId":7,"emoji":"👍","fromMe":true,"content":"x"}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestStamps(t *testing.T) {
	t.Parallel()
	var s stamps
	for i := range int64(keepSent + 1) {
		s.add(i)
	}
	if s.has(0) || !s.has(1) || !s.has(keepSent) || len(s.order) != keepSent {
		t.Errorf("%d remembered", len(s.order))
	}
}
