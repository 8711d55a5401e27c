package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestBrain_live asks real models, which sends a few short questions to their vendors and costs what they cost: make live says how. It is the only
// test that leaves the machine, and only when somebody names a model.
func TestBrain_live(t *testing.T) {
	t.Parallel()
	models := strings.Fields(os.Getenv("CLAWDBOT_LIVE_MODELS"))
	if len(models) == 0 {
		t.Skip("no model is named: make live")
	}
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			b := &brain{told: make(chan struct{}), env: liveEnvironment()}
			dir := t.TempDir()
			b.begin(t, dir, fmt.Sprintf(`{logging: {file: %q, level: "trace"}, bridge: {enabled: false}, canvasHost: {enabled: false},
				models: {providers: {%s}}, agent: {model: %q}}`, filepath.Join(dir, "log", "x.log"), os.Getenv("CLAWDBOT_LIVE_PROVIDERS"), name))
			var cancel context.CancelFunc
			b.ctx, cancel = context.WithTimeout(context.Background(), 9*time.Minute) // a model at home takes its time
			t.Cleanup(cancel)
			b.works(t, os.Getenv("CLAWDBOT_LIVE_BLIND") == "")
			b.leaksNothing(t, keys(b.env)...)
		})
	}
}

// liveEnvironment is what this process has that leads to vendors: keys, proxies, certificates.
func liveEnvironment() (env []string) {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch upper := strings.ToUpper(name); {
		case strings.HasSuffix(upper, "_API_KEY"), strings.HasSuffix(upper, "_OAUTH_TOKEN"), strings.HasSuffix(upper, "_PROXY"), strings.HasPrefix(upper, "SSL_CERT_"):
			env = append(env, v)
		}
	}
	return env
}

// keys are the secrets of liveEnvironment.
func keys(env []string) (all []string) {
	for _, v := range env {
		name, key, _ := strings.Cut(v, "=")
		if len(key) > 8 && !strings.HasSuffix(strings.ToUpper(name), "_PROXY") && !strings.HasPrefix(strings.ToUpper(name), "SSL_CERT_") {
			all = append(all, key)
		}
	}
	return all
}

// TestBrain_liveSteps is what TestBrain_live does, with servers that do what a good model would.
func TestBrain_liveSteps(t *testing.T) {
	t.Parallel()
	for name, d := range vendors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBrain(t, d, "")
			b.srv.Play(willing)
			b.works(t, true)
			b.leaksNothing(t)
		})
	}
}

// willing plays a model that does what works asks for.
func willing(s modeltest.Seen) modeltest.Step {
	last := s.Last()
	switch results := s.Results(); {
	case len(results) > 0:
		return modeltest.Step{Text: []string{"It says: ", results[0].Text}}
	case strings.Contains(last, "pong"):
		return modeltest.Step{Text: []string{"Pong."}}
	case strings.Contains(last, "17 times 23"):
		return modeltest.Step{Thinking: []string{"340 and 51."}, Text: []string{"391"}}
	case strings.Contains(last, "number.txt"):
		return modeltest.Step{Calls: []model.Call{{ID: "call_1", Name: "read", Args: json.RawMessage(`{"path":"number.txt"}`)}}}
	case strings.Contains(last, "colour"):
		return modeltest.Step{Text: []string{"Red."}}
	case strings.Contains(last, "2000"):
		return modeltest.Step{Text: []string{"1\n2\n3"}, Break: modeltest.Quiet}
	}
	return modeltest.Step{Text: []string{"What do you mean?"}}
}

// works asks a model for what an agent needs: an answer, a thought, a tool, a picture unless it sees none, and silence.
func (b *brain) works(t *testing.T, sees bool) {
	t.Helper()
	file := filepath.Join(b.dir, "clawd", "number.txt") // in the workspace
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("The number is 48213.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, message, thinking, want string
		attachments                  []wire.Raw
		skip                         bool
	}{
		{key: "plain", message: "Reply with the single word pong.", want: "pong"},
		{key: "thought", message: "What is 17 times 23? Reply with the number only.", thinking: "low", want: "391"},
		{key: "tool", message: "Read the file number.txt in your workspace and reply with the number that is in it.", want: "48213"},
		{key: "picture", message: "What colour is this picture? Reply with one word.", want: "red", attachments: []wire.Raw{redPicture(t)}, skip: !sees},
	} {
		if c.skip {
			continue
		}
		got := b.say(t, wire.ChatSendParams{SessionKey: c.key, Message: c.message, Thinking: c.thinking, IdempotencyKey: "live-" + c.key, Attachments: c.attachments})
		if !strings.Contains(strings.ToLower(got), c.want) {
			t.Errorf("%s: %q, want %q in it (CLAWDBOT_LIVE_BLIND=1 if the model sees no pictures)", c.key, got, c.want)
		}
		var session wire.SessionsPatchResult
		err := b.cli.Call(b.ctx, "sessions.patch", map[string]any{"key": c.key, "verboseLevel": "on"}, &session)
		if s := session.Entry.Spent; err != nil || s == nil || s.Output <= 0 {
			t.Errorf("%s: what it used: %+v, %v", c.key, s, err)
		}
	}
	all, _ := b.of("tool")
	read := false
	for _, e := range all {
		read = read || e.Stream == "tool" && e.Data.Phase == "result" && !e.Data.IsError
	}
	if !read {
		t.Error("the file was not read by a tool")
	}
	b.fallsSilent(t)
}

// fallsSilent: an answer that is stopped while it is written ends at once.
func (b *brain) fallsSilent(t *testing.T) {
	t.Helper()
	took := b.abortsAt(t, wire.ChatSendParams{SessionKey: "silence", Message: "Write the numbers from 1 to 2000, one in each line.", IdempotencyKey: "live-silence"},
		func(e brainEvent) bool { return e.Stream == "assistant" && e.Data.Text != "" })
	if took > time.Second {
		t.Errorf("it was over %v after the abort", took)
	}
}

// redPicture is an attachment that any model with eyes can tell.
func redPicture(t *testing.T) wire.Raw {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 128, 128))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{R: 220, A: 255}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return wire.Raw(`{"mimeType":"image/png","content":"` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"}`)
}
