//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/web/webtest"
)

// chatter plays a model by what it is told: "run WORD" has it echo a word, "for ever" never ends, "red" goes on looking, a piece for
// each value of gate, until it is told of the blue one.
func chatter(gate <-chan struct{}) func(s modeltest.Seen) modeltest.Step {
	return func(s modeltest.Seen) modeltest.Step {
		asked, blue := "", false
		for _, m := range s.Request.Messages {
			if m.Role == model.User {
				asked = m.TextOf()
				blue = strings.Contains(asked, "the blue one")
			}
		}
		results := s.Results()
		call := func(name, args string) []model.Call {
			return []model.Call{{ID: fmt.Sprint("call_", len(s.Request.Messages)), Name: name, Args: json.RawMessage(args)}}
		}
		switch {
		case blue:
			return modeltest.Step{Text: []string{"Blue it is."}}
		case strings.Contains(asked, "the red one"):
			return modeltest.Step{Text: []string{"I look. "}, Gate: gate, Calls: call("health", `{}`)}
		case len(results) > 0:
			return modeltest.Step{Text: []string{"It said: ", results[len(results)-1].Text}}
		case strings.Contains(asked, "run "):
			_, word, _ := strings.Cut(asked, "run ")
			args, _ := json.Marshal(map[string][]string{"argv": {"echo", word}})
			return modeltest.Step{Calls: call("bash", string(args))}
		case strings.Contains(asked, "for ever"):
			return modeltest.Step{Text: []string{"This is the beginning."}, Break: modeltest.Quiet}
		}
		return modeltest.Step{Text: []string{"Hello from ", s.Request.Model, "."}}
	}
}

// chatPage is the page of a real program whose model is chatter.
type chatPage struct {
	*webtest.Page
	*brain
	t    *testing.T
	gate chan struct{}
}

// TestChatPage is what a person does in the chat of the real page while a model works: answers what it asks, looks at what it did,
// chooses another one, speaks into its answer, and stops it.
func TestChatPage(t *testing.T) {
	t.Parallel()
	browser := webtest.Start(t)
	b := &brain{srv: modeltest.New(t, modeltest.Chat{}), told: make(chan struct{})}
	dir := t.TempDir()
	const facts = `reasoning: true, contextWindow: 200000, cost: {input: 3, output: 15}`
	b.begin(t, dir, fmt.Sprintf(`{logging: {file: %q}, bridge: {enabled: false}, canvasHost: {enabled: false},
		models: {mode: "replace", providers: {acme: {baseUrl: %q, apiKey: %q, models: [{id: "test-model", %s}, {id: "other-model", %[4]s}]}}},
		agent: {model: "acme/test-model", tools: {exec: {ask: "on-miss"}}}}`, filepath.Join(dir, "log", "x.log"), b.srv.URL(), modeltest.Key, facts))
	c := &chatPage{Page: browser.Page(t), brain: b, t: t, gate: make(chan struct{})}
	b.srv.Play(chatter(c.gate))
	c.Open(strings.Replace(b.url, "ws://", "http://", 1))
	c.WaitLive()
	c.approves()
	c.chooses()
	c.steers()
	c.stops()
	c.looks()
	if errs := c.Errors(); len(errs) > 0 {
		t.Errorf("errors in the page: %q", errs)
	}
	b.stop(t)
}

// shot takes a picture when somebody wants to see.
func (c *chatPage) shot(name string) {
	if shots := os.Getenv("WEB_SCREENSHOTS"); shots != "" {
		c.WaitStill()
		c.Screenshot(filepath.Join(shots, "chat-"+name+".png"))
	}
}

// idle waits until so many turns have ended with a note.
func (c *chatPage) idle(note string, n int) {
	c.t.Helper()
	c.Wait(fmt.Sprintf(`document.querySelector('#stop').hidden && [...document.querySelectorAll('.note')].filter((n) => n.textContent.includes(%q)).length === %d`, note, n))
}

// approves answers what is asked: once, no, and always. The cards say what was done, and the head what it took.
func (c *chatPage) approves() {
	c.t.Helper()
	const once, always, deny = 1, 2, 3
	for i, turn := range []struct {
		word, card string
		answer     int // 0 = nobody is asked
	}{
		{"deploy", "deploy", once}, {"deploy", "said no", deny}, {"backup", "backup", always}, {"backup", "backup", 0},
	} {
		c.Send("run " + turn.word)
		if turn.answer > 0 {
			c.WaitText(".approval .approval-command", "echo "+turn.word)
			c.WaitText(".approval", "asked by main")
			if i == 0 {
				c.shot("approval")
			}
			c.Click(fmt.Sprintf(".approval-answers button:nth-child(%d)", turn.answer))
		}
		c.idle("Done in", i+1)
		c.WaitText("article[data-role=assistant]", turn.card)
		if i == 0 {
			c.WaitText("#usage", "36 tokens · $0.0003") // two requests of 11 and 7
		}
		if c.Count(".tool") != i+1 || c.Count(".approval") != 0 {
			c.t.Errorf("turn %d: %d cards, %d questions", i, c.Count(".tool"), c.Count(".approval"))
		}
	}
	for i, want := range []string{"deploy", "said no", "backup", "backup"} {
		card := fmt.Sprintf(`document.querySelectorAll('.tool')[%d]`, i)
		c.Eval(card+`.querySelector('summary').click()`, nil)
		c.Wait(card + `.querySelectorAll('.part').length === 2 && ` + card + `.querySelector('.name').textContent === 'bash' && ` +
			card + `.querySelector('.gist').textContent.startsWith('echo ') && ` + card + `.querySelectorAll('.part')[0].textContent.includes('argv') && ` + card + fmt.Sprintf(`.querySelectorAll('.part')[1].textContent.includes(%q)`, want))
	}
	if bad := c.Count(".tool .state[data-tone=bad]"); bad != 1 {
		c.t.Errorf("%d calls are shown as failed, want the one that was refused", bad)
	}
	c.shot("cards")
}

// chooses another model and how much it thinks: the next turn is its.
func (c *chatPage) chooses() {
	c.t.Helper()
	before := c.srv.Seen()
	if last := before[len(before)-1]; last.Request.Model != "test-model" || last.Thinking == "high" {
		c.t.Errorf("asked %s, thinking %q", last.Request.Model, last.Thinking)
	}
	c.Click("#model")
	c.Click(`[data-model="acme/other-model"]`)
	c.WaitText("#model", "acme/other-model")
	c.Eval(`document.querySelector('#model-levels input[value=high]').click()`, nil)
	c.WaitText("#model-words", "Changed: it counts from the next message on.")
	c.Wait(`document.querySelector('#model-levels input[value=high]').checked`)
	c.shot("picker")
	c.Click("#model-close")
	c.Send("who are you?")
	c.WaitText("article[data-role=assistant]", "Hello from other-model.")
	seen := c.srv.Seen()
	if last := seen[len(seen)-1]; len(seen) != len(before)+1 || last.Request.Model != "other-model" || last.Thinking != "high" {
		c.t.Errorf("asked %s, thinking %q, in %d requests", last.Request.Model, last.Thinking, len(seen)-len(before))
	}
}

// steers says something while an answer is being given: it is taken, and that answer goes by it.
func (c *chatPage) steers() {
	c.t.Helper()
	asked := len(c.srv.Seen())
	c.Send("paint the red one")
	c.srv.Await(c.ctx.Done(), asked+1)
	c.Send("no, the blue one")
	c.WaitText(".note", "Offered to the answer in progress")
	c.shot("offered")
	taken := func() (is bool) {
		c.Eval(`[...document.querySelectorAll('.note')].some((n) => /Taken into the answer|Answered together/.test(n.textContent))`, &is)
		return is
	}
	for !taken() && c.ctx.Err() == nil { // that it was offered does not say that the run has it
		select {
		case c.gate <- struct{}{}:
		case <-time.After(100 * time.Millisecond):
		}
	}
	c.WaitText("article[data-role=assistant]", "Blue it is.")
	c.idle("Done in", 6)
	c.WaitText(".note", "Answered together with the message before it")
	c.shot("steered")
}

// stops a turn that would never end.
func (c *chatPage) stops() {
	c.t.Helper()
	best := time.Hour
	for i := 1; i <= 5 && best > abortLimit; i++ { // the machine has other work: the best of them counts, without the time that it took
		c.Send("go on for ever")
		c.Wait(fmt.Sprintf(`[...document.querySelectorAll('article[data-role=assistant]')].filter((m) => m.textContent.includes('This is the beginning.')).length === %d`, i))
		var page struct{ Took, Lost float64 } // ms
		lost := c.lost()
		c.Eval(fmt.Sprintf(`new Promise((ok) => {
			const from = performance.now();
			let last = from, lost = 0;
			const look = () => {
				const now = performance.now();
				lost += Math.max(0, now - last - 20);
				last = now;
				const over = document.querySelector('#stop').hidden && [...document.querySelectorAll('.note')].filter((n) => n.textContent.includes('Stopped')).length === %d;
				if (over || now - from > 10000) ok({Took: now - from, Lost: lost}); else setTimeout(look, 2);
			};
			document.querySelector('#stop').click();
			look();
		})`, i), &page)
		busy := max(lost(), time.Duration(page.Lost*float64(time.Millisecond))) // one cause shows in both
		best = min(best, time.Duration(page.Took*float64(time.Millisecond))-busy)
		c.idle("Stopped", i)
	}
	c.t.Log("a turn was over ", best, " after Stop")
	if best > abortLimit {
		c.t.Errorf("the turn was over %s after Stop, want at most %s", best, abortLimit)
	}
	c.until(c.t, "main", func(e brainEvent) bool { return e.Stream == "job" && e.Data.Aborted })
	c.shot("stopped")
}

// looks has pictures taken of all that, dark and on a phone, and reloads: what was done is there all the same.
func (c *chatPage) looks() {
	c.t.Helper()
	c.Reload()
	c.WaitLive()
	c.WaitText("article[data-role=assistant]", "Blue it is.")
	c.WaitText(".note", "Stopped")
	c.WaitText("#model", "acme/other-model")
	c.WaitText("#usage", "tokens · $")
	c.Dark(true)
	c.shot("dark")
	c.Dark(false)
	c.Size(390, 844, true)
	c.shot("phone")
}
