package telegram

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// told runs the provider until it has taken the updates, and returns the notes that came of them.
func (b *bench) told(t *testing.T, updates ...telegramfake.Update) (notes []providers.Incoming) {
	t.Helper()
	ids := b.Push(append(updates, telegramfake.Direct(7, "last"))...)
	b.run(t)
	b.texts(t, 1)
	if err := b.WaitAcked(b.ctx, ids[len(ids)-1]); err != nil {
		t.Fatal(err)
	}
	for len(b.notes) > 0 {
		notes = append(notes, <-b.notes)
	}
	return notes
}

func lines(notes []providers.Incoming) (texts []string) {
	for _, n := range notes {
		texts = append(texts, n.Chat+" "+string(n.Kind)+": "+n.Text)
	}
	return texts
}

func TestNotes(t *testing.T) {
	t.Parallel()
	b := newBench(t, map[string]any{"reactionNotifications": "all"}, quick())
	direct := telegramfake.Direct(7, "first").With("message_id", 11)
	group := telegramfake.Group(-100, 7, "first").With("message_id", 12)
	channel := telegramfake.Direct(7, "x").With("message_id", 13).With("chat", map[string]any{"id": -5, "type": "channel"})
	moved := telegramfake.Direct(7, "x").With("message_id", 14).With("location", map[string]any{"latitude": 1, "longitude": 2}).Edited("")
	picture := telegramfake.Direct(7, "x").With("message_id", 15).With("caption", "a new caption").Edited("")
	mine := telegramfake.Direct(424242, "x").With("message_id", 16).With("chat", map[string]any{"id": 7, "type": "private"})
	notes := b.told(t,
		direct.Edited("second\nthought"), group.Edited("@fake_bot now for you"), moved, picture, channel.Edited("x"), mine.Edited("by us"),
		direct.Reaction(7, "", "👍"), group.Reaction(7, "👍", "🔥"), group.Reaction(7, "🔥", ""), group.Reaction(7, "🔥", "🔥"),
		channel.Reaction(7, "", "👍"), direct.Reaction(424242, "", "👍"), telegramfake.Update{"message_reaction": map[string]any{}},
	)
	const ann = "Ann Lee (@annlee)"
	want := []string{
		"7 direct: Telegram: " + ann + " edited message 11, it now says: second\nthought",
		"-100 group: Telegram: " + ann + " edited message 12, it now says: @fake_bot now for you",
		"7 direct: Telegram: " + ann + " edited message 15, it now says: a new caption",
		"7 direct: Telegram: " + ann + " reacted with 👍 to message 11",
		"-100 group: Telegram: " + ann + " reacted with 🔥 to and took back 👍 from message 12",
		"-100 group: Telegram: " + ann + " took back 🔥 from message 12",
	}
	if diff := cmp.Diff(want, lines(notes)); diff != "" {
		t.Fatal(diff)
	}
	ids := map[string]bool{}
	for _, n := range notes {
		ids[n.ID] = true
		if n.Sender.ID != "7" || n.Mentioned || n.Time.IsZero() || n.Media != nil || (n.Kind == providers.Group) != (n.Title == "Friends") {
			t.Errorf("%+v", n)
		}
	}
	if len(ids) != len(want) {
		t.Errorf("ids %v", ids)
	}
}

func TestNotes_whichReactions(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string][]string{
		"off":       nil,
		"":          {"to ours", "in the direct chat"},
		"all":       {"to ours", "to theirs", "by bob", "in the direct chat"},
		"allowlist": {"by bob"},
	} {
		t.Run("mode "+mode, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, map[string]any{"reactionNotifications": mode, "reactionAllowlist": []any{"telegram:8", 9}}, quick())
			r, err := b.p.Send(b.ctx, providers.Outgoing{Route: providers.Route{Chat: "-100"}, Text: "ours"})
			if err != nil {
				t.Fatal(err)
			}
			ours, _ := strconv.Atoi(r.MessageID)
			theirs := telegramfake.Group(-100, 7, "x").With("message_id", ours+100)
			reactions := map[string]telegramfake.Update{
				"to ours":            telegramfake.Group(-100, 7, "x").With("message_id", ours).Reaction(7, "", "👍"),
				"to theirs":          theirs.Reaction(7, "", "👎"),
				"by bob":             theirs.Reaction(8, "", "🔥"),
				"in the direct chat": telegramfake.Direct(7, "x").With("message_id", 5).Reaction(7, "", "🎉"),
			}
			var updates []telegramfake.Update
			for _, name := range []string{"to ours", "to theirs", "by bob", "in the direct chat"} {
				updates = append(updates, reactions[name])
			}
			emoji := map[string]string{"👍": "to ours", "👎": "to theirs", "🔥": "by bob", "🎉": "in the direct chat"}
			var got []string
			for _, n := range b.told(t, updates...) {
				for e, name := range emoji {
					if n.Text == "Telegram: Ann Lee (@annlee) reacted with "+e+" to message "+strconv.Itoa(messageOf(reactions[name])) {
						got = append(got, name)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func messageOf(u telegramfake.Update) int {
	return u["message_reaction"].(map[string]any)["message_id"].(int)
}

func TestRecent(t *testing.T) {
	t.Parallel()
	var r recent
	for i := range keepSent + 1 {
		r.add("7", strconv.Itoa(i))
		r.add("7", strconv.Itoa(i))
	}
	if r.has("7", "0") || !r.has("7", "1") || !r.has("7", strconv.Itoa(keepSent)) || r.has("8", "1") || len(r.order) != keepSent {
		t.Errorf("%d remembered", len(r.order))
	}
}
