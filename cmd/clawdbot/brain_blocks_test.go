package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// story is a long answer, a paragraph a piece.
func story() (pieces []string, all string) {
	for i := range 6 {
		pieces = append(pieces, fmt.Sprintf("Part %d. ", i)+strings.Repeat(fmt.Sprintf("word%d ", i), 70)+"end.\n\n")
	}
	return pieces, strings.TrimSpace(strings.Join(pieces, ""))
}

// startStory is a brain on Telegram whose model tells the story, a piece for each value of the gate.
func startStory(t *testing.T, more string) (*brain, providertest.Peer, chan struct{}) {
	t.Helper()
	peer := telegramfake.NewPeer(t)
	peer.Config["replyToMode"] = "first"
	section, err := json.Marshal(peer.Config)
	if err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{}, 16)
	b := startBrain(t, modeltest.Anthropic{}, fmt.Sprintf(`telegram: %s, dev: {endpoints: {telegram: %q}}, %s`, section, peer.Endpoint, more))
	b.srv.Play(func(s modeltest.Seen) modeltest.Step {
		pieces, _ := story()
		switch last := s.Last(); {
		case len(s.Results()) > 0:
			return modeltest.Step{Text: []string{"[[reply_to_current]] Found it."}}
		case strings.Contains(last, "look"):
			return modeltest.Step{Text: []string{"Looking."}, Calls: []model.Call{{ID: "call_1", Name: "health", Args: json.RawMessage(`{}`)}}}
		case strings.Contains(last, "be silent"):
			return modeltest.Step{Text: []string{"NO_REPLY"}}
		case strings.Contains(last, "story"):
			return modeltest.Step{Text: pieces, Gate: gate}
		}
		return modeltest.Step{Text: []string{"Yes."}}
	})
	return b, peer, gate
}

// TestBrain_blocks: people read a long answer while it is written, all of it, once. What a model says before it calls tools
// is said; what it keeps to itself is not.
func TestBrain_blocks(t *testing.T) {
	t.Parallel()
	b, peer, gate := startStory(t, "")
	told := peer.Say(peer.Direct, "tell me a story")
	for range 3 {
		gate <- struct{}{}
	}
	if err := peer.WaitReplies(b.ctx, peer.Direct, 1); err != nil {
		t.Fatalf("nothing is said while the model writes: %v", err)
	}
	for range 3 {
		gate <- struct{}{}
	}
	if err := peer.WaitReplies(b.ctx, peer.Direct, 3); err != nil {
		t.Fatal(err)
	}
	peer.Say(peer.Direct, "be silent")
	peer.Say(peer.Direct, "/verbose on")
	if err := peer.WaitReplies(b.ctx, peer.Direct, 4); err != nil {
		t.Fatal(err)
	}
	look := peer.Say(peer.Direct, "look it up")
	if err := peer.WaitReplies(b.ctx, peer.Direct, 6); err != nil {
		t.Fatal(err)
	}
	peer.Say(peer.Direct, "and?")
	if err := peer.WaitReplies(b.ctx, peer.Direct, 7); err != nil {
		t.Fatal(err)
	}
	got := peer.Replies(peer.Direct)
	var texts []string
	for _, r := range got {
		texts = append(texts, r.Text)
	}
	_, whole := story()
	if said := strings.Join(texts[:3], "\n\n"); said != whole {
		t.Errorf("the story is told as\n%q\nnot\n%q", said, whole)
	}
	if rest := strings.Join(texts[4:], "|"); rest != "Looking.|🔧 Health\n\nFound it.|Yes." {
		t.Errorf("then %q is said", rest)
	}
	if got[0].ReplyTo != told || got[1].ReplyTo != "" || got[5].ReplyTo != look {
		t.Errorf("replies to %q, %q, %q", got[0].ReplyTo, got[1].ReplyTo, got[5].ReplyTo)
	}
}

// TestBrain_blocksKilled: what has gone out of an answer does not go out again when the gateway is killed in the middle of it.
func TestBrain_blocksKilled(t *testing.T) {
	t.Parallel()
	b, peer, gate := startStory(t, "")
	peer.Say(peer.Direct, "tell me a story")
	for range 5 {
		gate <- struct{}{}
	}
	if err := peer.WaitReplies(b.ctx, peer.Direct, 2); err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = b.cmd.Wait() // it was killed
	again := launch(t, b.dir, "--port", freePort(t), "--verbose")
	if err := peer.WaitReplies(b.ctx, peer.Direct, 3); err != nil {
		t.Fatal(err)
	}
	peer.Say(peer.Direct, "and?")
	if err := peer.WaitReplies(b.ctx, peer.Direct, 4); err != nil {
		t.Fatal(err)
	}
	got := peer.Replies(peer.Direct)
	_, whole := story()
	if len(got) != 4 || !strings.HasPrefix(whole, got[0].Text+"\n\n"+got[1].Text) || !strings.HasPrefix(got[2].Text, "Something went wrong") || got[3].Text != "Yes." {
		t.Errorf("replies %+v", got)
	}
	again.stop(t)
}
