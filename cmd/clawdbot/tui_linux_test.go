package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
)

const hostile = "\x1b]0;pwned\a\x1b[2Jevil \u009b31mred\u202e"

// TestTUI is an evening in the terminal with the real program: talk, tools, a message that is said into an answer, a stop, another
// session, another model, a gateway that restarts, and words that try to steer the terminal.
func TestTUI(t *testing.T) {
	t.Parallel()
	b := startBrain(t, modeltest.Chat{}, "")
	gate := make(chan struct{})
	b.srv.Play(func(s modeltest.Seen) modeltest.Step {
		asked := ""
		for _, m := range s.Request.Messages {
			if m.Role == model.User {
				asked = m.TextOf()
			}
		}
		switch {
		case strings.Contains(asked, "the blue one instead"):
			return modeltest.Step{Text: []string{"Blue it is."}}
		case strings.Contains(asked, "paint"):
			return modeltest.Step{Text: []string{"Looking."}, Gate: gate,
				Calls: []model.Call{{ID: fmt.Sprint("call_", len(s.Request.Messages)), Name: "health", Args: json.RawMessage(`{}`)}}}
		case strings.Contains(asked, "hostile"):
			return modeltest.Step{Text: []string{hostile, " words"}}
		}
		return role(s)
	})
	p := startPTY(t, b.env, "tui", "--url", b.url)
	p.sees("acme/test-model", "Nothing was said here yet", "Live")
	p.types("good morning\r")
	p.sees("You said: good morning", "tokens, $0.0")
	p.types("hostile\r")
	p.sees("evil", "31mred words")

	p.types("paint the red one\r")
	b.srv.Await(b.ctx.Done(), 3)
	p.sees("Thinking")
	p.types("the blue one instead\r")
	p.sees("offered to the answer in progress")
	b.feed(gate, func() bool { return strings.Contains(p.text(), "Blue it is.") })
	p.sees("Blue it is.", "health")

	p.types("stay silent\r")
	p.sees("Half of it")
	p.types("\x1b")
	p.until("the run has stopped", func(text string) bool { return strings.Contains(text, "Live") || strings.Contains(text, "Stopped") })

	p.types("\x10") // Ctrl-P
	p.sees("Model of this session", "acme/test-model")
	p.types("other-m")
	p.until("the one model is found", func(text string) bool { return strings.Contains(text, "› acme/other-model") })
	p.types("\r")
	p.until("it is the session's", func(text string) bool { return strings.Contains(strings.SplitN(text, "\n", 2)[0], "acme/other-model") })

	p.resize(60, 20)
	p.sees("acme/other-model", "Half of it")
	p.types("\x1b[200~two\r\nlines \x1b]0;x\a\x1b[201~")
	p.sees("two", "lines")
	p.types("\x15\x7f\x15")
	p.types("\x0f") // Ctrl-O
	p.sees("Sessions", "main")
	p.types("garden\r")
	p.sees("Nothing was said here yet")
	p.types("hello garden\r")
	p.sees("You said: hello garden")

	b.restart(t)
	p.types("are you back?\r")
	p.sees("You said: are you back?")

	p.types("\x03")
	p.sees("Ctrl-C again leaves")
	p.types("\x03")
	if err := p.wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	all := p.everything()
	for _, bad := range []string{"\x1b]0;pwned", "\x1b]0;x", "\x1b[2Jevil", "\u009b", "\u202e"} {
		if strings.Contains(all, bad) {
			t.Errorf("%q reached the terminal", bad)
		}
	}
	if !strings.Contains(all, "\x1b[?1049l") {
		t.Error("the terminal is not as it was before")
	}
}

// TestAgent_streams: on a terminal a reply appears while it is being given; elsewhere it comes at the end, as ever.
func TestAgent_streams(t *testing.T) {
	t.Parallel()
	b := startBrain(t, modeltest.Chat{}, "")
	gate := make(chan struct{})
	b.srv.Play(func(s modeltest.Seen) modeltest.Step {
		if len(s.Results()) > 0 {
			return modeltest.Step{Text: []string{"All ", "is well. \x1b]0;pwned\a"}, Gate: gate}
		}
		return modeltest.Step{Text: []string{"Let me ", "see."}, Gate: gate, Calls: []model.Call{{ID: "call_1", Name: "health", Args: json.RawMessage(`{}`)}}}
	})
	p := startPTY(t, b.env, "agent", "--url", b.url, "--session-key", "s", "-m", "how are you?", "--verbose")
	gate <- struct{}{}
	p.sees("Let me")
	gate <- struct{}{}
	p.sees("tool health {}", "tool health done")
	gate <- struct{}{}
	p.sees("All")
	if strings.Contains(p.text(), "is well") {
		t.Error("more is shown than was said")
	}
	gate <- struct{}{}
	p.sees("All is well.")
	if err := p.wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	if strings.Contains(p.everything(), "\x1b]0;") {
		t.Error("a sequence of the reply reached the terminal")
	}
	b.srv.Play(role)
	if out, err := b.cliOut(t, "agent", "--session-key", "s", "-m", "good night"); err != nil || out != "You said: good night\n" {
		t.Errorf("to a pipe: %q, %v", out, err)
	}
}
