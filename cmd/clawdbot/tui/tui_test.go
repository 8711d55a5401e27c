package tui

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/charmbracelet/x/ansi"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

func FuzzClean(f *testing.F) {
	for _, s := range []string{"a\tb\r\nc", "\x1b[31mred", "\u009b2J", "\u202eabc", "\xff\xfe", "日本語", "👩‍👩‍👧"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, line := range wrap(clean(s), 20) {
			if ansi.StringWidth(line) > 20 {
				t.Errorf("%q is wider than 20", line)
			}
			for _, r := range line {
				if unicode.IsControl(r) || turns(r) {
					t.Fatalf("%q came through in %q", r, line)
				}
			}
		}
	})
}

// typed is a text field after keys.
func typed(keys ...string) *input {
	in := &input{}
	for _, k := range keys {
		if !in.key(k) {
			in.insert(k)
		}
	}
	return in
}

func TestInput(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		keys []string
		want string // with | for the cursor
	}{
		"words":         {[]string{"one two ", "three", "ctrl+w", "left", "ctrl+left"}, "one |two "},
		"rows":          {[]string{"one", "alt+enter", "two", "up", "home", "x", "down", "end", "y"}, "xone\ntwoy|"},
		"a row's end":   {[]string{"one two", "ctrl+a", "right", "ctrl+k"}, "o|"},
		"a row's begin": {[]string{"one", "ctrl+j", "two", "ctrl+u", "backspace", "delete"}, "one|"},
		"nothing":       {[]string{"backspace", "delete", "left", "right", "up", "down", "ctrl+w", "ctrl+left", "ctrl+right"}, "|"},
		"wide":          {[]string{"日本", "left", "x"}, "日x|本"},
	} {
		in := typed(tc.keys...)
		if got := string(in.text[:in.at]) + "|" + string(in.text[in.at:]); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	in := typed("first")
	in.take()
	in.insert("second")
	in.take()
	in.insert("draft")
	for _, step := range [][2]string{{"up", "second"}, {"up", "first"}, {"up", "first"}, {"down", "second"}, {"down", "draft"}, {"down", "draft"}} {
		if in.key(step[0]); in.value() != step[1] {
			t.Errorf("%s: %q, want %q", step[0], in.value(), step[1])
		}
	}
	if in := typed(strings.Repeat("x", maxInput)); in.insert("y") || len(in.text) != maxInput {
		t.Error("a text without end is taken")
	}
	rows, x, y := typed(strings.Repeat("日", 9), "alt+enter", "b").rows(10)
	if len(rows) != 4 || x != 1 || y != 3 {
		t.Errorf("rows %q, cursor %d,%d", rows, x, y)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	raw := func(texts ...string) (all []json.RawMessage) {
		for _, text := range texts {
			all = append(all, json.RawMessage(text))
		}
		return all
	}
	all := history(raw(
		`{"role":"user","content":"look ![x](data:image/png;base64,AAAA) here","runId":"r1","timestamp":1}`,
		`{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I look."},{"type":"toolCall","id":"c1","name":"bash","arguments":{"command":"ls\u001b[2J"}}],"timestamp":2}`,
		`{"role":"toolResult","toolCallId":"c1","isError":true,"content":[{"type":"text","text":"no"},{"type":"image","mimeType":"image/png","data":"AAAA"}]}`,
		`{"role":"assistant","content":[],"errorMessage":"overloaded"}`,
		`{"role":`, `7`,
	))
	var got []string
	for _, e := range all {
		got = append(got, e.kind+":"+e.state+":"+e.text)
	}
	want := "user::look [picture] here|thinking::hm|assistant::I look.|tool:failed:no\n[picture image/png]|note:failed:Failed: overloaded"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
	card := all[3]
	card.open = true
	if text := strings.Join(card.draw(60), "\n"); !strings.Contains(text, "ls[2J") || !strings.Contains(text, "result") || strings.Contains(text, "\x1b[2J") {
		t.Errorf("card %q", text)
	}
}

func testModel() *model {
	m := &model{key: "main", runs: map[string]bool{}, unread: map[string]bool{}, width: 80, height: 24, live: true, loaded: true}
	n := 0
	m.o.NewID = func() string { n++; return "id" + string(rune('0'+n)) }
	m.o.Context = nil
	return m
}

func ev(name, payload string) client.Event {
	return client.Event{Name: name, Payload: wire.Raw(payload)}
}

// TestTurn: what streams, what a tool does, what is offered and taken, and a connection that goes away in the middle.
func TestTurn(t *testing.T) {
	t.Parallel()
	m := testModel()
	m.say("paint it")
	m.onEvent(ev("agent", `{"runId":"S","sessionKey":"main","stream":"job","data":{"state":"started"}}`))
	m.onEvent(ev("chat", `{"runId":"id1","sessionKey":"main","state":"delta","message":{"content":[{"type":"text","text":"I"}]}}`))
	m.onEvent(ev("chat", `{"runId":"id1","sessionKey":"main","state":"delta","message":{"content":[{"type":"text","text":"I look"}]}}`))
	m.onEvent(ev("agent", `{"runId":"S","sessionKey":"main","stream":"tool","data":{"phase":"start","name":"bash","toolCallId":"c","args":{"command":"ls"}}}`))
	if text := m.View().Content; !strings.Contains(text, "I look") || !strings.Contains(text, "bash") || !strings.Contains(text, "Calling bash") {
		t.Errorf("screen %q", text)
	}
	m.say("blue")
	if !m.turns[1].steer || m.entries[len(m.entries)-1].state != "steering" {
		t.Errorf("the second message: %+v", m.turns[1])
	}
	m.onEvent(ev("agent", `{"runId":"S","sessionKey":"main","stream":"steer","data":{"runId":"id2"}}`))
	m.onEvent(ev("agent", `{"runId":"S","sessionKey":"main","stream":"tool","data":{"phase":"result","name":"bash","toolCallId":"c","result":"fine"}}`))
	if text := m.View().Content; !strings.Contains(text, "taken into the answer") {
		t.Errorf("screen %q", text)
	}
	m.onAnswered(answered{m.turns[0], errors.New("the socket broke")})
	if len(m.turns) != 2 {
		t.Error("a message without an answer is forgotten")
	}
	m.onAnswered(answered{m.turns[0], nil})
	m.onAnswered(answered{m.turns[0], nil})
	if len(m.turns) != 0 || m.running() {
		t.Errorf("turns %+v", m.turns)
	}
	m.say("no")
	m.onAnswered(answered{m.turns[0], wire.InvalidRequest("send blocked by session policy")})
	if text := m.View().Content; !strings.Contains(text, "send blocked") || m.in.value() != "no" {
		t.Errorf("a refusal: %q", text)
	}
}

// TestView_sizes: no size of the window and no state makes a line wider than the window, or more lines than there are.
func TestView_sizes(t *testing.T) {
	t.Parallel()
	m := testModel()
	m.entries = []*entry{{kind: "user", text: "日本語 " + strings.Repeat("word ", 60)}, {kind: "tool", tool: "bash", args: `{"command":"ls -la"}`, state: "done", text: strings.Repeat("line\n", 300), open: true}, {kind: "assistant", text: strings.Repeat("x", 500)}}
	m.approvals = []approval{{wire.ExecApproval{ID: "a", Command: "rm -rf / && \x1b[2J", Cwd: "/home", SessionKey: "main", Surface: "telegram", Sender: "Mira"}}}
	for _, open := range []func(){func() {}, m.approve, m.help, func() { m.picker = nil; m.pickThinking() }} {
		open()
		for width := 10; width < 140; width += 7 {
			for height := 3; height < 50; height += 5 {
				m.Update(tea.WindowSizeMsg{Width: width, Height: height})
				content := m.View().Content
				if strings.Contains(content, "\x1b[2J") {
					t.Fatal("a sequence of a command is on the screen")
				}
				lines := strings.Split(content, "\n")
				if len(lines) > height {
					t.Fatalf("%d lines in a window of %dx%d", len(lines), width, height)
				}
				for _, l := range lines {
					if ansi.StringWidth(l) > width {
						t.Fatalf("a line of %d in a window of %dx%d: %q", ansi.StringWidth(l), width, height, l)
					}
				}
			}
		}
	}
}

// TestApprove: what is taken without looking is the refusal, and one that was answered elsewhere goes away.
func TestApprove(t *testing.T) {
	t.Parallel()
	m := testModel()
	m.approvals = []approval{{wire.ExecApproval{ID: "a", Argv: []string{"make", "install", "two words"}, Env: []string{"PATH=/tmp"}, Cwd: "/src"}}}
	m.approve()
	if got := m.picker.shown()[m.picker.at].value; got != "deny" {
		t.Errorf("Enter would %s", got)
	}
	if text := m.View().Content; !strings.Contains(text, `make install "two words"`) || !strings.Contains(text, "PATH=/tmp") || !strings.Contains(text, "/src") {
		t.Errorf("screen %q", text)
	}
	m.onApprovals(approvalsFound{})
	if m.picker != nil || m.notice == "" {
		t.Error("a question that was answered elsewhere stays")
	}
}

// TestPicker_early: Enter that comes before the list takes what was typed once the list is there.
func TestPicker_early(t *testing.T) {
	t.Parallel()
	m := testModel()
	m.picker = &picker{title: sessionsTitle, typing: true, waits: true}
	opened := ""
	m.picker.another = func(_ *model, typed string) command { opened = "new " + typed; return nil }
	m.picker.picked = func(_ *model, key string) command { opened = key; return nil }
	for _, key := range []string{"g", "a", "enter"} {
		m.picker.key(m, key, strings.TrimSuffix(key, "enter"))
	}
	if opened != "" || m.picker == nil {
		t.Fatalf("%q was opened before it was known what there is", opened)
	}
	m.onListed(listed{r: wire.SessionsListResult{Sessions: []wire.SessionRow{{Key: "main"}, {Key: "garden"}}}})
	if opened != "garden" || m.picker != nil {
		t.Errorf("%q was opened", opened)
	}
}
