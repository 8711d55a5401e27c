package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestTelegram_wholeWay: a stranger is given a code, is let in, writes, and is answered; a group needs a mention.
func TestTelegram_wholeWay(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	g := telegramOn(fake, "").start(t)
	ctx := deadline(t)

	fake.Push(telegramfake.Direct(77, "hello?"))
	sent, err := fake.WaitSent(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	code := ""
	for line := range strings.Lines(sent[0].Text) {
		if line = strings.TrimSpace(line); len(line) == 8 && line == strings.ToUpper(line) {
			code = line
		}
	}
	var approved wire.PairingApproveResult
	if err := g.Call(ctx, "pairing.approve", wire.PairingApproveParams{Code: code}, &approved); err != nil || !approved.OK {
		t.Fatalf("approve %q from %q: %v", code, sent[0].Text, err)
	}
	if _, err := fake.WaitSent(ctx, 2); err != nil { // the confirmation
		t.Fatal(err)
	}
	fake.Push(telegramfake.Direct(77, "and now?"))
	fake.Push(telegramfake.Group(-5, 77, "no one in particular"))
	fake.Push(telegramfake.Direct(77, "last"))
	sent, err = fake.WaitSent(ctx, 4)
	if err != nil {
		t.Fatal(err)
	}
	if sent[2].Text != "You said: and now?" || sent[3].Text != "You said: last" || sent[3].Chat != "77" {
		t.Errorf("answers %q and %q", sent[2].Text, sent[3].Text)
	}
}

// TestTelegram_media: a picture that a run makes goes to the surface with its text.
func TestTelegram_media(t *testing.T) {
	t.Parallel()
	fake := telegramfake.Start(t, telegramfake.Options{})
	g := telegramOn(fake, "").start(t)
	ctx := deadline(t)
	if err := fake.WaitPolling(ctx); err != nil {
		t.Fatal(err)
	}
	err := g.Call(ctx, "agent", wire.AgentParams{
		Message: "!media", SessionKey: "main", Deliver: true, Channel: "telegram", To: "5", IdempotencyKey: "m",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := fake.WaitSent(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s := sent[0]; s.Method != "sendPhoto" || s.Text != "A small picture." || !bytes.HasPrefix(s.File, []byte("\x89PNG")) {
		t.Errorf("sent %s %q with %d bytes", s.Method, s.Text, len(s.File))
	}
}

// artist answers with a text that names files.
type artist struct{ text string }

func (a artist) Run(context.Context, agent.Turn, agent.Output) (agent.Answer, error) {
	return agent.Answer{Text: a.text, Provider: "artist"}, nil
}

// TestTelegram_files: what an answer or a send names is sent if it lies in the workspace; nothing else of this host is.
func TestTelegram_files(t *testing.T) {
	t.Parallel()
	fake, work := telegramfake.Start(t, telegramfake.Options{}), t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "cat.png"), []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := telegramOn(fake, "")
	s.config = strings.Replace(s.config, "{telegram:", fmt.Sprintf("{agent: {workspace: %q}, telegram:", work), 1)
	providers := s.options
	s.options = func(o *gateway.Options) {
		providers(o)
		o.Runner = artist{"**Here** it is.\nMEDIA: " + filepath.Join(work, "cat.png") + " /etc/passwd"}
	}
	g := s.start(t)
	ctx := deadline(t)
	if err := fake.WaitPolling(ctx); err != nil {
		t.Fatal(err)
	}
	err := g.Call(ctx, "agent", wire.AgentParams{
		Message: "draw", SessionKey: "main", Deliver: true, Channel: "telegram", To: "telegram:5", IdempotencyKey: "m",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := fake.WaitSent(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s := sent[0]; s.Chat != "5" || s.Method != "sendPhoto" || s.FileName != "cat.png" || s.Text != "<b>Here</b> it is.\n\n(1 of 2 files could not be attached.)" {
		t.Errorf("sent %+v", s)
	}
	send := func(key, ref string) error {
		return g.Call(ctx, "send", wire.SendParams{To: "5", Message: "look", MediaURL: ref, Provider: "telegram", IdempotencyKey: key}, nil)
	}
	if err := send("a", "cat.png"); err != nil {
		t.Error(err)
	}
	for _, ref := range []string{"/etc/passwd", "../../etc/passwd", "file:///etc/passwd", fake.URL() + "/x"} {
		if err := send("b", ref); err == nil {
			t.Errorf("%s was sent", ref)
		}
	}
	if sent := fake.Sent(); len(sent) != 2 || sent[1].Text != "look" || len(sent[1].File) == 0 {
		t.Errorf("sent %+v", sent)
	}
}
