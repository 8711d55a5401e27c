package command_test

import (
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/command"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/status": "status", "status": "status", " Status\n": "status", "/status@my_bot": "status", "@my_bot status": "status",
		"/restart": "restart", "RESTART": "restart",
		"/activation": "activation", "activation": "activation", "/activation always": "activation=always", "activation Mention": "activation=mention",
		"/activation@my_bot always": "activation=always", "/activation sometimes": "activation?sometimes", "/activation always now": "activation?always now",
		"/send": "send", "send": "send", "/send on": "send=allow", "/send allow": "send=allow", "send off": "send=deny", "/send DENY": "send=deny",
		"/send inherit": "send=inherit", "/send default": "send=inherit", "/send reset": "send=inherit", "/send:off": "send=deny", "/send: off": "send=deny",
		"/send pizza": "send?pizza", "[Telegram x] /send off": "send=deny",

		"send pizza": "", "activation sometimes": "", "restart please": "", "/restart now": "", "status report": "", "/statusx": "",
		"/new": "", "/stop": "", "please /send off": "", "": "", "/": "", "/ status": "", "@my_bot": "", "sendoff": "", "//status": "",
	} {
		c, ok := command.Parse(text)
		got := ""
		if ok {
			got = string(c.Name)
			if c.Value != "" {
				got += "=" + c.Value
			} else if c.Raw != "" {
				got += "?" + c.Raw
			}
		}
		if got != want {
			t.Errorf("Parse(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	defaults := []string{"/new", "/reset"}
	type row struct {
		triggers []string
		text     string
		rest     string
		ok       bool
	}
	for _, tt := range []row{
		{defaults, "/new", "", true},
		{defaults, "  /NEW \n", "", true},
		{defaults, "/reset", "", true},
		{defaults, "/new Tell me /think High", "Tell me /think High", true},
		{defaults, "/new\nTwo\nlines", "Two\nlines", true},
		{defaults, "/new@my_bot hello", "hello", true},
		{defaults, "@my_bot /new", "", true},
		{defaults, "@my_bot, /new @ann hello", "@ann hello", true},
		{defaults, "/new @my_bot", "", true},
		{defaults, "[WhatsApp Ann 2026-01-05T12:00Z] /new hi", "hi", true},
		{defaults, "Ann Bee: /new hi", "hi", true},
		{[]string{"start over"}, "Start over now", "now", true},
		{[]string{" fresh ", ""}, "FRESH", "", true},
		{[]string{"[new]"}, "[new] x", "x", true},
		{[]string{"été"}, "ÉTÉ x", "x", true},

		{defaults, "new", "", false},
		{defaults, "/newest", "", false},
		{defaults, "/new.", "", false},
		{defaults, "a /new", "", false},
		{defaults, "", "", false},
		{nil, "/new", "", false},
		{[]string{""}, "anything", "", false},
		{[]string{"\u017f"}, "s", "", false}, // folds to s, and is longer
	} {
		rest, ok := command.Reset(tt.text, tt.triggers)
		if rest != tt.rest || ok != tt.ok {
			t.Errorf("Reset(%q, %q) = %q, %v", tt.text, tt.triggers, rest, ok)
		}
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"stop": true, "ESC": true, "abort": true, " wait ": true, "exit": true, "@my_bot wait": true, "wait @my_bot": true, "<@U1|bot> stop": true,
		"[Telegram x] stop": true, "@my_bot, stop": true,
		"/stop": false, "stop!": false, "halt": false, "stop stop": false, "": false, "a@stop": false, "note: stop": false, "[stop]": false,
	} {
		if got := command.Stop(text); got != want {
			t.Errorf("Stop(%q) = %v", text, got)
		}
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"status": true, "/status": true, "RESTART": true, "new": true, "/new": true, "please /think high": true, "/model: x": true, "/t": true,
		"/queue": true, "a\n/elev on": true,
		"status please": false, "/statusx": false, "a/status": false, "think": false, "/help": false, "": false, "/think@other_bot high": false,
	} {
		if got := command.Control(text); got != want {
			t.Errorf("Control(%q) = %v", text, got)
		}
	}
}

func TestQueueModes(t *testing.T) {
	t.Parallel()
	for _, name := range command.QueueModes() {
		mode, ok := command.QueueMode(name)
		if canonical, _ := command.QueueMode(mode); !ok || canonical != mode {
			t.Errorf("QueueMode(%q) = %q, %v", name, mode, ok)
		}
	}
	if _, ok := command.QueueMode(strings.ToUpper("steer")); ok {
		t.Error("names of modes are lower-case")
	}
}
