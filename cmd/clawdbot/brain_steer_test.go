package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// TestBrain_steer: who writes on a messaging surface while the model works is heard in the middle of it, has no tools, and
// gets one answer. What comes as a picture is seen.
func TestBrain_steer(t *testing.T) {
	t.Parallel()
	for name, d := range vendors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := telegramfake.NewPeer(t)
			peer.Config["allowFrom"] = []string{"*"} // nobody in particular
			section, err := json.Marshal(peer.Config)
			if err != nil {
				t.Fatal(err)
			}
			b := startBrain(t, d, fmt.Sprintf(`telegram: %s, dev: {endpoints: {telegram: %q}}, routing: {queue: {mode: "steer"}}`, section, peer.Endpoint))
			b.steers(t, peer)
			b.sees(t, peer)
		})
	}
}

func (b *brain) steers(t *testing.T, peer providertest.Peer) {
	t.Helper()
	gate := make(chan struct{})
	b.srv.Play(func(s modeltest.Seen) modeltest.Step {
		n := len(s.Request.Messages)
		for _, m := range s.Request.Messages[1:] {
			if m.Role == model.User && strings.Contains(m.TextOf(), "the blue one instead") {
				return modeltest.Step{Text: []string{"Blue it is."}}
			}
		}
		return modeltest.Step{Text: []string{"Looking."}, Gate: gate, Calls: []model.Call{{ID: fmt.Sprint("call_", n), Name: "health", Args: json.RawMessage(`{}`)}}}
	})
	peer.Say(peer.Direct, "paint the red one")
	b.srv.Await(b.ctx.Done(), 1)
	peer.Say(peer.Direct, "the blue one instead")
	asked := 1
	for wait := 50 * time.Millisecond; asked < 90 && len(peer.Replies(peer.Direct)) < 2 && b.ctx.Err() == nil; wait = min(2*wait, time.Second) {
		ctx, cancel := context.WithTimeout(b.ctx, wait) // the message is on its way to the run; nobody tells when it is there
		b.srv.Await(ctx.Done(), asked+1)
		cancel()
		select {
		case gate <- struct{}{}:
			asked = len(b.srv.Await(b.ctx.Done(), asked+1))
		case <-time.After(wait):
		}
	}
	if err := peer.WaitReplies(b.ctx, peer.Direct, 2); err != nil {
		t.Fatal(err)
	}
	// What is said before each look is said once.
	if got := peer.Replies(peer.Direct); len(got) != 2 || got[0].Text != "Looking." || got[1].Text != "Blue it is." {
		t.Errorf("replies %+v", got)
	}
	for _, s := range b.srv.Seen() {
		if len(s.Request.Tools) > 0 {
			t.Errorf("a stranger's model is offered tools: %+v", s.Request.Tools)
		}
		for _, r := range s.Results() {
			if !r.IsError && !strings.Contains(r.Text, "not for messages") {
				t.Errorf("a stranger's model has used a tool: %+v", r)
			}
		}
	}
	said := 0
	for _, line := range b.history(t, "main") {
		if strings.HasPrefix(line, "user") {
			said++
		}
	}
	if said != 2 {
		t.Errorf("the transcript has %d messages of the person: %q", said, b.history(t, "main"))
	}
}

func (b *brain) sees(t *testing.T, peer providertest.Peer) {
	t.Helper()
	b.srv.Play(role)
	data, err := base64.StdEncoding.DecodeString(pixel)
	if err != nil {
		t.Fatal(err)
	}
	peer.Say(peer.Direct, "what is in this picture?", providertest.File{Name: "x.png", MIME: "image/png", Data: data})
	if err := peer.WaitReplies(b.ctx, peer.Direct, 3); err != nil {
		t.Fatal(err)
	}
	if got := peer.Replies(peer.Direct); got[2].Text != "I see 1." {
		t.Errorf("replies %+v", got)
	}
}
