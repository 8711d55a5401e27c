package imessage

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/imsgfake"
)

// lose sends with a fault that takes the answer away.
func (b *bench) lose(s *imsgfake.Server, f imsgfake.Fault, m providers.Outgoing) {
	b.t.Helper()
	s.Script("send", f)
	var se *providers.SendError
	if _, err := b.Send(b.ctx, m); !errors.As(err, &se) || se.Class != providers.Ambiguous {
		b.t.Fatalf("Send = %v", err)
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("AAA"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := &providers.Media{Path: path}
	crashed, hung := imsgfake.Fault{Act: true, Crash: true}, imsgfake.Fault{Act: true, Hang: true}
	for name, c := range map[string]struct {
		chat   string
		media  *providers.Media
		before int // equal messages that arrived before
		old    bool
		fault  imsgfake.Fault
		found  bool
		err    string // "" = none
	}{
		"arrived, then it crashed":    {chat: imsgfake.Ann, fault: crashed, found: true},
		"arrived, then it hung":       {chat: "group:7", fault: hung, found: true},
		"by guid":                     {chat: "chat_guid:iMessage;+;chat7", fault: crashed, found: true},
		"by identifier":               {chat: "chat_identifier:chat7", fault: crashed, found: true},
		"a file":                      {chat: "group:7", media: file, fault: crashed, found: true},
		"crashed before":              {chat: imsgfake.Ann, fault: imsgfake.Fault{Crash: true}},
		"crashed before, a new chat":  {chat: "+1555", fault: imsgfake.Fault{Crash: true}},
		"crashed before, with a file": {chat: "group:7", media: file, fault: imsgfake.Fault{Crash: true}},
		"hung before":                 {chat: imsgfake.Ann, fault: imsgfake.Fault{Hang: true}, err: "may still be busy"},
		"the second arrived":          {chat: imsgfake.Ann, before: 1, fault: crashed, found: true},
		"the second did not":          {chat: imsgfake.Ann, before: 2, fault: imsgfake.Fault{Crash: true}},
		"the second, an old imsg":     {chat: imsgfake.Ann, before: 1, old: true, fault: crashed, err: "which of the two"},
		"an old imsg":                 {chat: imsgfake.Ann, old: true, fault: crashed, found: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := imsgfake.Start(t)
			if c.old {
				s.Old()
			}
			s.Push(imsgfake.Direct(imsgfake.Ann, "ok"), imsgfake.Group(7, imsgfake.Bob, "ok"))
			b := newBench(t, map[string]any{"cliPath": s.CLI(t)}, providertest.NewCursor())
			b.run()
			b.await(providers.LinkUp)
			m := providers.Outgoing{Route: providers.Route{Chat: c.chat}, Text: "ok", Media: c.media}
			for i := range c.before {
				m.Key = string(rune('a' + i))
				if _, err := b.Send(b.ctx, m); err != nil {
					t.Fatal(err)
				}
			}
			m.Key = "lost"
			b.lose(s, c.fault, m)
			r, found, err := b.Reconcile(b.ctx, m)
			switch {
			case c.err != "":
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("Reconcile = %v, %v, %v", r, found, err)
				}
			case err != nil || found != c.found:
				t.Errorf("Reconcile = %v, %v, %v", r, found, err)
			case found && (r.ChatID != c.chat || s.Text(r.MessageID) == "" || r.MessageID == "GUID-1"):
				t.Errorf("receipt %+v", r)
			}
		})
	}
}

// TestReconcile_anotherProcess: what was noted outlives the process, and what was not noted cannot be told.
func TestReconcile_anotherProcess(t *testing.T) {
	t.Parallel()
	s := imsgfake.Start(t)
	cursor := providertest.NewCursor()
	fields := map[string]any{"cliPath": s.CLI(t)}
	first := newBench(t, fields, cursor)
	m := providers.Outgoing{Key: "k", Route: providers.Route{Chat: imsgfake.Ann}, Text: "ok"}
	first.lose(s, imsgfake.Fault{Act: true, Crash: true}, m)
	second := newBench(t, fields, cursor)
	if r, found, err := second.Reconcile(second.ctx, m); err != nil || !found || s.Text(r.MessageID) != "ok" {
		t.Errorf("Reconcile = %v, %v, %v", r, found, err)
	}
	m.Key = "another"
	if _, _, err := second.Reconcile(second.ctx, m); err == nil || !strings.Contains(err.Error(), "nothing is known") {
		t.Errorf("Reconcile of what was never begun = %v", err)
	}
	second.lose(s, imsgfake.Fault{Crash: true}, m)
	third := newBench(t, fields, cursor)
	if _, _, err := third.Reconcile(third.ctx, m); err == nil || !strings.Contains(err.Error(), "may still be busy") {
		t.Errorf("Reconcile of a send that an earlier process may have left behind = %v", err)
	}
	blind := newBench(t, fields, nil)
	if _, _, err := blind.Reconcile(blind.ctx, m); err == nil {
		t.Error("Reconcile without a memory")
	}
}

func TestPerform(t *testing.T) {
	t.Parallel()
	s := imsgfake.Start(t)
	s.Push(imsgfake.Direct(imsgfake.Ann, "hers"))
	b := newBench(t, map[string]any{"cliPath": s.CLI(t)}, nil)
	b.run()
	b.await(providers.LinkUp)
	r, err := b.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: imsgfake.Ann}, Text: "ours"})
	if err != nil {
		t.Fatal(err)
	}
	do := func(action string, params map[string]any) error {
		t.Helper()
		raw, err := json.Marshal(params)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Perform(b.ctx, action, raw)
		return err
	}
	react := map[string]any{"to": imsgfake.Ann, "messageId": "GUID-1", "emoji": "❤\uFE0F"}
	if err := do("react", react); err == nil || !strings.Contains(err.Error(), "imsg launch") {
		t.Errorf("without the bridge: %v", err)
	}
	s.Bridge()
	for _, want := range []string{"love", "🦖"} {
		if err := do("react", react); err != nil || s.Tapped("GUID-1") != want {
			t.Errorf("reacted with %q, %v", s.Tapped("GUID-1"), err)
		}
		react["emoji"] = "🦖"
	}
	react["remove"] = true
	if err := do("react", react); err != nil || s.Tapped("GUID-1") != "" {
		t.Errorf("reacted with %q, %v", s.Tapped("GUID-1"), err)
	}
	if err := do("editMessage", map[string]any{"chatId": 1, "to": "chat_id:1", "messageId": r.MessageID, "content": "new"}); err != nil || s.Text(r.MessageID) != "new" {
		t.Errorf("edited to %q, %v", s.Text(r.MessageID), err)
	}
	if err := do("unsendMessage", map[string]any{"to": imsgfake.Ann, "messageId": r.MessageID}); err != nil || s.Text(r.MessageID) != "" {
		t.Errorf("unsent: %q, %v", s.Text(r.MessageID), err)
	}
	for want, p := range map[string]map[string]any{
		"messageId: give":  {"to": imsgfake.Ann, "emoji": "👍"},
		"emoji: give":      {"to": imsgfake.Ann, "messageId": "GUID-1"},
		"to: ":             {"messageId": "GUID-1", "emoji": "👍"},
		"message not foun": {"to": imsgfake.Ann, "messageId": "GUID-99", "emoji": "👍"},
		"cannot be read":   {"to": imsgfake.Ann, "messageId": []any{}, "emoji": "👍"},
	} {
		var se *providers.SendError
		if err := do("react", p); !errors.As(err, &se) || se.Class != providers.Permanent || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", p, err)
		}
	}
	if err := do("editMessage", map[string]any{"to": imsgfake.Ann, "messageId": "GUID-1"}); err == nil || !strings.Contains(err.Error(), "content: give") {
		t.Errorf("edit without a text: %v", err)
	}
	if err := do("poll", nil); err == nil || !strings.Contains(err.Error(), "there are react") {
		t.Errorf("poll: %v", err)
	}
	shy := newBench(t, map[string]any{"cliPath": s.CLI(t), "actions": map[string]any{"reactions": false}}, nil)
	if got := shy.Actions(); !slices.Equal(got, []string{"editMessage", "unsendMessage"}) {
		t.Errorf("actions %q", got)
	}
	if _, err := shy.Perform(shy.ctx, "react", nil); err == nil || !strings.Contains(err.Error(), "imessage.actions.reactions") {
		t.Errorf("react when it is off: %v", err)
	}
}
