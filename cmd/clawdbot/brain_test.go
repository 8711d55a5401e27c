package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// brain is a daemon whose agent is a model, on a fake server of one vendor.
type brain struct {
	*daemon
	srv *modeltest.Server
	cli *client.Client
	ctx context.Context
	env []string // more for the program

	mu     sync.Mutex
	events []brainEvent
	told   chan struct{} // closed at the next event
}

// vendors are the formats of all vendors.
var vendors = map[string]modeltest.Dialect{
	"anthropic": modeltest.Anthropic{}, "completions": modeltest.Chat{}, "responses": modeltest.Responses{}, "gemini": modeltest.Gemini{},
}

// brainEvent is an agent or chat event, as far as the tests look.
type brainEvent struct {
	Name       string
	RunID      string          `json:"runId"`
	SessionKey string          `json:"sessionKey"`
	Seq        int             `json:"seq"`
	Stream     string          `json:"stream"`
	State      string          `json:"state"`
	Error      string          `json:"errorMessage"`
	Message    json.RawMessage `json:"message"`
	Data       struct {
		State      string          `json:"state"`
		Text       string          `json:"text"`
		Phase      string          `json:"phase"`
		Name       string          `json:"name"`
		ToolCallID string          `json:"toolCallId"`
		IsError    bool            `json:"isError"`
		Aborted    bool            `json:"aborted"`
		Result     json.RawMessage `json:"result"`
	} `json:"data"`
}

func startBrain(t *testing.T, d modeltest.Dialect, more string) *brain {
	t.Helper()
	return startBrainWith(t, d, "", more)
}

// startBrainWith has more settings: agent in the section of that name, more beside it.
func startBrainWith(t *testing.T, d modeltest.Dialect, agent, more string) *brain {
	t.Helper()
	b := &brain{srv: modeltest.New(t, d), told: make(chan struct{})}
	dir := t.TempDir()
	text := fmt.Sprintf(`{logging: {file: %q, level: "trace"}, bridge: {enabled: false}, canvasHost: {enabled: false},
		models: {mode: "replace", providers: {acme: {baseUrl: %q, apiKey: %q, api: %q, models: [
			{id: "test-model", reasoning: true, contextWindow: 200000, cost: {input: 3, output: 15}}]}}},
		agent: {model: "acme/test-model", modelFallbacks: ["acme/other-model"], %s}, %s}`,
		filepath.Join(dir, "log", "x.log"), b.srv.URL(), modeltest.Key, d.Format(), agent, more)
	b.begin(t, dir, text)
	return b
}

// begin starts the program with this config file, and connects to it.
func (b *brain) begin(t *testing.T, dir, config string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	b.daemon = launchIn(t, dir, b.env, "--port", freePort(t), "--verbose")
	var cancel context.CancelFunc
	b.ctx, cancel = context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	var err error
	if b.cli, err = client.Dial(b.ctx, client.Options{URL: b.url, OnEvent: b.take}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.cli.Close() })
}

func (b *brain) take(e client.Event) {
	ev := brainEvent{Name: e.Name}
	if e.Name != "agent" && e.Name != "chat" || e.Decode(&ev) != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, ev)
	close(b.told)
	b.told = make(chan struct{})
}

// of are the events of a session so far.
func (b *brain) of(session string) (all []brainEvent, told <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.SessionKey == session {
			all = append(all, e)
		}
	}
	return all, b.told
}

// until waits for an event of a session.
func (b *brain) until(t *testing.T, session string, is func(brainEvent) bool) {
	t.Helper()
	for {
		all, told := b.of(session)
		for _, e := range all {
			if is(e) {
				return
			}
		}
		select {
		case <-told:
		case <-b.ctx.Done():
			t.Errorf("what was waited for did not come; there is %+v", all)
			return
		}
	}
}

// say has a turn, and gives what was answered. The events must be in the order of protocol 4.
func (b *brain) say(t *testing.T, p wire.ChatSendParams) string {
	t.Helper()
	if err := b.send(p); err != nil {
		t.Fatalf("%s: %v", p.Message, err)
	}
	all, _ := b.of(p.SessionKey)
	return ordered(t, all, p.IdempotencyKey)
}

func (b *brain) send(p wire.ChatSendParams) error {
	return b.cli.Call(b.ctx, "chat.send", p, nil)
}

// ordered checks the events of the last turn of a session: started, then text and tools, then done, then the final.
func ordered(t *testing.T, all []brainEvent, run string) (answer string) {
	t.Helper()
	seq, from := 0, 0
	for i, e := range all {
		if e.Name == "agent" {
			if e.Seq != seq+1 {
				t.Errorf("event %d has seq %d after %d: %+v", i, e.Seq, seq, e)
			}
			seq = e.Seq
			if e.Stream == "job" && e.Data.State == "started" {
				from = i
			}
		}
	}
	turn := all[from:]
	open := map[string]bool{}
	for i, e := range turn {
		last := i >= len(turn)-2
		switch {
		case e.Name == "chat" && e.State == "delta":
			if prev := turn[i-1]; prev.Name != "agent" || prev.Stream != "assistant" || e.Seq != prev.Seq || e.RunID != run {
				t.Errorf("delta %+v after %+v", e, prev)
			}
		case e.Name == "chat":
			if !last || e.State != "final" || e.RunID != run {
				t.Errorf("chat event %d of %d: %+v", i, len(turn), e)
			}
			answer = contentText(t, e.Message)
		case e.Stream == "job" && i > 0:
			if e.Data.State != "done" || !last || len(open) > 0 {
				t.Errorf("job event %d of %d: %+v", i, len(turn), e)
			}
		case e.Stream == "tool" && e.Data.Phase == "start":
			open[e.Data.ToolCallID] = true
		case e.Stream == "tool":
			if !open[e.Data.ToolCallID] {
				t.Errorf("%s without start: %.300s", e.Data.Phase, fmt.Sprintf("%+v", e))
			}
			if e.Data.Phase == "result" { // updates come before it, as many as there was time for
				delete(open, e.Data.ToolCallID)
			}
		}
	}
	if end := turn[len(turn)-1]; end.Name != "chat" || end.State != "final" {
		t.Errorf("the last event is %+v", end)
	}
	return answer
}

func contentText(t *testing.T, message json.RawMessage) (text string) {
	t.Helper()
	var m struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if len(message) == 0 {
		return ""
	}
	if err := json.Unmarshal(message, &m); err != nil {
		t.Error(err)
	}
	for _, c := range m.Content {
		text += c.Text
	}
	return text
}

// history is the transcript of a session: the role and the kinds of parts of each message.
func (b *brain) history(t *testing.T, session string) (roles []string) {
	t.Helper()
	var h struct {
		Messages []struct {
			Role    string `json:"role"`
			Content []struct {
				Type string `json:"type"`
			} `json:"content"`
			IsError bool `json:"isError"`
			Usage   struct {
				Cost struct {
					Total float64 `json:"total"`
				} `json:"cost"`
			} `json:"usage"`
		} `json:"messages"`
	}
	if err := b.cli.Call(b.ctx, "chat.history", wire.ChatHistoryParams{SessionKey: session}, &h); err != nil {
		t.Fatal(err)
	}
	for _, m := range h.Messages {
		kinds := m.Role
		for _, c := range m.Content {
			kinds += " " + c.Type
		}
		if m.IsError {
			kinds += " error"
		}
		if m.Usage.Cost.Total > 0 {
			kinds += " $"
		}
		roles = append(roles, kinds)
	}
	return roles
}

// role plays the vendor: what it answers depends on what it is asked, so that turns may go on side by side.
func role(s modeltest.Seen) modeltest.Step {
	last, all := s.Last(), string(s.Body)
	results := s.Results()
	switch {
	case len(results) > 0:
		bad := 0
		for _, r := range results {
			if r.IsError || strings.Contains(r.Text, "no tool called") || strings.Contains(r.Text, "not for messages") {
				bad++
			}
		}
		return modeltest.Step{Text: []string{fmt.Sprintf("%d results, %d of them bad.", len(results), bad)}}
	case strings.Contains(last, "Sum up the conversation"):
		return modeltest.Step{Text: []string{"SHORT-VERSION"}}
	case strings.Contains(last, "overflow"):
		if strings.Contains(all, "OLD-STORY") {
			return modeltest.Step{Fail: model.Overflow}
		}
		return modeltest.Step{Text: []string{fmt.Sprintf("It fits: %v.", strings.Contains(all, "SHORT-VERSION"))}}
	case strings.Contains(last, "overload"):
		if s.Request.Model == "test-model" {
			return modeltest.Step{Fail: model.Overloaded, RetryAfter: "60"}
		}
		return modeltest.Step{Text: []string{"The other one ", "answers."}}
	case strings.Contains(last, "think"):
		return modeltest.Step{Thinking: []string{"Hm, ", "hm."}, Text: []string{"Thought: ", fmt.Sprint(s.Thinking != "")}}
	case strings.Contains(last, "three tools"):
		return modeltest.Step{Text: []string{"Let me see."}, Calls: []model.Call{
			{ID: "call_1", Name: "sessions_list", Args: json.RawMessage(`{"limit":1}`)},
			{ID: "call_2", Name: "health", Args: json.RawMessage(`{}`)},
			{ID: "call_3", Name: "no_such_tool", Args: json.RawMessage(`{}`)},
		}}
	case strings.Contains(last, "picture"):
		n := 0
		for _, p := range s.Request.Messages[len(s.Request.Messages)-1].Parts {
			if i, ok := p.(model.Image); ok && i.MIME == "image/png" && len(i.Data) > 20 {
				n++
			}
		}
		return modeltest.Step{Text: []string{fmt.Sprintf("I see %d.", n)}}
	case strings.Contains(last, "stay silent"):
		return modeltest.Step{Text: []string{"Half of it"}, Break: modeltest.Quiet}
	case strings.Contains(last, "refuse"):
		return modeltest.Step{Refusal: "I will not."}
	}
	return modeltest.Step{Text: []string{"You said: ", last}}
}
