package gateway_test

import (
	"bytes"
	"strings"
	"testing"

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
