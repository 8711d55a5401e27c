package whatsappfake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

func text(s string) *waE2E.Message { return &waE2E.Message{Conversation: &s} }

func (c *client) send(s *Server, chat string, m *waE2E.Message, id string) whatsmeow.SendResponse {
	c.t.Helper()
	r, err := c.SendMessage(c.ctx, s.JID(chat), m, whatsmeow.SendRequestExtra{ID: id})
	if err != nil {
		c.t.Fatalf("SendMessage: %v", err)
	}
	return r
}

func TestDirect(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		t.Run(fmt.Sprintf("hidden=%v", hidden), func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{HideNumbers: hidden})
			c := linked(t, s)
			var ids []string
			for k := range 3 {
				ids = append(ids, s.Say(s.Direct(), fmt.Sprint("in ", k)))
			}
			for k, m := range c.texts(3) {
				if textOf(m) != fmt.Sprint("in ", k) || m.Info.ID != ids[k] || m.Info.PushName != "Ann" || m.Info.IsGroup {
					t.Errorf("message %d is %q: %+v", k, textOf(m), m.Info)
				}
				if hidden != (m.Info.Sender.Server == types.HiddenUserServer) {
					t.Errorf("the sender is %s", m.Info.Sender)
				}
				if err := s.WaitAcked(c.ctx, ids[k]); err != nil {
					t.Fatal(err)
				}
			}
			for k := range 3 {
				c.send(s, s.Direct(), text(fmt.Sprint("out ", k)), "")
			}
			c.send(s, s.Bob(), text("to Bob"), "")
			got := s.Replies(s.Direct())
			if len(got) != 3 || got[0].Text != "out 0" || got[2].Text != "out 2" {
				t.Errorf("Ann sees %+v", got)
			}
			if got := s.Replies(s.Bob()); len(got) != 1 || got[0].Text != "to Bob" {
				t.Errorf("Bob sees %+v", got)
			}
			if n := s.Unreadable(); n != 0 {
				t.Errorf("%d messages could not be read", n)
			}
			awaitEvent[*events.Receipt](c, 4) // of each message
		})
	}
}

func TestGroup(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		t.Run(fmt.Sprintf("hidden=%v", hidden), func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{HideNumbers: hidden})
			c := linked(t, s)
			first := s.Say(s.Group(), "all of you")
			s.Post(Post{Chat: s.Group(), From: s.Bob(), Text: "me too", ReplyTo: first})
			s.Say(s.Group(), "again")
			got := c.texts(3)
			if !slices.Contains([]string{s.own.pn.String(), s.own.lid.String()}, got[0].Message.GetExtendedTextMessage().GetContextInfo().GetMentionedJID()[0]) {
				t.Errorf("the first message mentions nobody: %+v", got[0].Message)
			}
			quote := got[1].Message.GetExtendedTextMessage().GetContextInfo()
			if quote.GetStanzaID() != first || quote.GetQuotedMessage().GetExtendedTextMessage().GetText() != "all of you" {
				t.Errorf("the second message quotes %+v", quote)
			}
			if textOf(got[2]) != "again" || got[2].Info.Chat != s.JID(s.Group()) || got[1].Info.PushName != "Bob" {
				t.Errorf("the third message is %+v", got[2].Info)
			}
			c.send(s, s.Group(), text("one"), "")
			c.send(s, s.Group(), &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
				Text: proto.String("two"), ContextInfo: &waE2E.ContextInfo{StanzaID: &first},
			}}, "")
			replies := s.Replies(s.Group())
			if len(replies) != 2 || replies[0].Text != "one" || replies[1].Text != "two" || replies[1].ReplyTo != first {
				t.Errorf("the group sees %+v", replies)
			}
			if n := s.Unreadable(); n != 0 {
				t.Errorf("%d messages could not be read", n)
			}
			if n := c.count(func(e any) bool { l, is := e.(line); return is && strings.HasPrefix(string(l), "W Failed to encrypt") }); n != 0 {
				t.Errorf("the client could not write to %d devices", n)
			}
		})
	}
}

func TestGroupInfo(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	info, err := c.GetGroupInfo(c.ctx, s.JID(s.Group()))
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != "Friends" || len(info.Participants) != 3 || info.Participants[1].LID.IsEmpty() {
		t.Errorf("the group is %+v", info)
	}
	s.Rename("Enemies")
	if e := awaitEvent[*events.GroupInfo](c, 1); e.Name == nil || e.Name.Name != "Enemies" {
		t.Errorf("renamed: %+v", e)
	}
	if _, err := c.GetGroupInfo(c.ctx, types.NewJID("120363999", types.GroupServer)); !errors.Is(err, whatsmeow.ErrGroupNotFound) {
		t.Errorf("a strange group: %v", err)
	}
	groups, err := c.GetJoinedGroups(c.ctx)
	if err != nil || len(groups) != 1 || groups[0].Name != "Enemies" {
		t.Errorf("joined %+v, %v", groups, err)
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	s.Post(Post{Chat: s.Direct(), Text: "I wrote this", Owner: true})
	s.Post(Post{Chat: s.Group(), Text: "and this", Owner: true})
	s.Say(s.Number(), "note to myself")
	got := c.texts(3)
	for k, chat := range []string{s.Direct(), s.Group(), s.Number()} {
		if !got[k].Info.IsFromMe || got[k].Info.Chat != s.JID(chat) {
			t.Errorf("message %d is from %s in %s", k, got[k].Info.Sender, got[k].Info.Chat)
		}
	}
	c.send(s, s.Number(), text("to myself"), "")
	if r := s.Replies(s.Number()); len(r) != 1 || r[0].Text != "to myself" {
		t.Errorf("the owner sees %+v", r)
	}
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	id := s.Say(s.Direct(), "once")
	c.texts(1)
	if err := s.WaitAcked(c.ctx, id); err != nil {
		t.Fatal(err)
	}
	s.Resend(id) // the library knows the ciphertext
	s.Again(id)  // it cannot know this one
	s.Say(s.Direct(), "after")
	got := c.texts(3)
	if got[1].Info.ID != id || textOf(got[1]) != "once" || textOf(got[2]) != "after" {
		t.Errorf("received %q %q", textOf(got[1]), textOf(got[2]))
	}
	if err := s.mu.Wait(c.ctx, func() bool { return len(s.queue) == 0 }); err != nil {
		t.Errorf("%d messages wait still", s.Pending())
	}
	c.send(s, s.Direct(), text("sent twice"), "MINE1")
	c.send(s, s.Direct(), text("sent twice"), "MINE1")
	c.send(s, s.Group(), text("sent twice"), "MINE1")
	c.send(s, s.Group(), text("sent twice"), "MINE1")
	if n := len(s.Seen()); n != 4 {
		t.Errorf("%d stanzas were seen, want 4", n)
	}
	if got := s.Shown(); len(got) != 2 || got[0].ID != "MINE1" || got[0].Chat != s.Direct() || got[1].Chat != s.Group() {
		t.Errorf("people see %+v", got)
	}
}

func TestReversed(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	ids := s.SayReversed(s.Direct(), "one", "two", "three")
	got := c.texts(3)
	if textOf(got[0]) != "three" || got[0].Info.ID != ids[2] || textOf(got[2]) != "one" {
		t.Errorf("received %q %q %q", textOf(got[0]), textOf(got[1]), textOf(got[2]))
	}
}

// A device that has lost its sessions asks for what it cannot read once more, and gets it.
func TestRetryOfTheDevice(t *testing.T) {
	t.Parallel()
	for _, chat := range []string{"direct", "group"} {
		t.Run(chat, func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{})
			c := linked(t, s)
			to := map[string]string{"direct": s.Direct(), "group": s.Group()}[chat]
			s.Say(to, "before")
			c.texts(1)
			if err := c.Store.Sessions.DeleteAllSessions(c.ctx, "815550002222_1"); err != nil {
				t.Fatal(err)
			}
			if err := c.Store.SenderKeys.PutSenderKey(c.ctx, s.Group(), "815550002222_1:0", []byte{}); err != nil {
				t.Fatal(err)
			}
			id := s.Say(to, "unreadable")
			got := c.texts(2)
			if textOf(got[1]) != "unreadable" || got[1].Info.ID != id {
				t.Errorf("received %+v", got[1])
			}
			if err := s.WaitAcked(c.ctx, id); err != nil {
				t.Fatal(err)
			}
			s.Say(to, "after")
			if got := c.texts(3); textOf(got[2]) != "after" {
				t.Errorf("then received %q", textOf(got[2]))
			}
		})
	}
}

// A phone that has lost its session asks the device.
func TestRetryOfThePhone(t *testing.T) {
	t.Parallel()
	for _, chat := range []string{"direct", "group"} {
		t.Run(chat, func(t *testing.T) {
			t.Parallel()
			s := Start(t, Options{})
			c := linked(t, s)
			to := map[string]string{"direct": s.Direct(), "group": s.Group()}[chat]
			c.send(s, to, text("before"), "")
			s.mu.Lock()
			s.people[0].phone.forget(s.device) // two at once are a race inside the library
			s.mu.Unlock()
			c.send(s, to, text("again please"), "")
			c.send(s, to, text("after"), "")
			shown, err := s.WaitShown(c.ctx, 3)
			if err != nil {
				t.Fatalf("%v; shown %+v", err, shown)
			}
			var all []string
			for _, m := range shown {
				all = append(all, m.Text)
			}
			slices.Sort(all)
			if !slices.Equal(all, []string{"after", "again please", "before"}) {
				t.Errorf("people see %q", all)
			}
			if s.Unreadable() == 0 {
				t.Error("everything could be read")
			}
		})
	}
}

func TestSendFaults(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	for _, code := range []int{429, 500, 403} {
		s.ScriptSend(SendFault{Code: code})
		_, err := c.SendMessage(c.ctx, s.JID(s.Direct()), text("refused"))
		if !errors.Is(err, whatsmeow.ErrServerReturnedError) || err.Error() != fmt.Sprintf("server returned error %d", code) {
			t.Errorf("refused with %v, want %d", err, code)
		}
	}
	if n := len(s.Shown()); n != 0 {
		t.Errorf("%d refused messages arrived", n)
	}
	s.ScriptQuery("usync", 429)
	if _, err := c.SendMessage(c.ctx, s.JID(s.Bob()), text("x")); !errors.Is(err, whatsmeow.ErrIQRateOverLimit) {
		t.Errorf("too many queries: %v", err)
	}
	s.ScriptSend(SendFault{Hang: true, Act: true})
	_, err := c.SendMessage(c.ctx, s.JID(s.Direct()), text("no answer"), whatsmeow.SendRequestExtra{ID: "LOST", Timeout: 50 * time.Millisecond})
	if !errors.Is(err, whatsmeow.ErrMessageTimedOut) {
		t.Errorf("no answer is %v", err)
	}
	c.send(s, s.Direct(), text("no answer"), "LOST")
	shown, err := s.WaitShown(c.ctx, 1)
	if err != nil || len(shown) != 1 {
		t.Errorf("people see %+v, %v", shown, err)
	}
	s.ScriptSend(SendFault{Drop: true})
	if _, err := c.SendMessage(c.ctx, s.JID(s.Direct()), text("cut off")); err == nil {
		t.Error("sent though the connection was cut")
	}
	awaitEvent[*events.Disconnected](c, 1)
	c.connect()
	c.send(s, s.Direct(), text("next"), "")
	if got := s.Replies(s.Direct()); len(got) != 2 || got[1].Text != "next" {
		t.Errorf("Ann sees %+v", got)
	}
	if _, err := c.SendMessage(c.ctx, types.NewJID("15559999999", types.DefaultUserServer), text("x")); err == nil {
		t.Error("sent to somebody whom nobody knows")
	}
}

func TestActions(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{PushName: "Clawd"})
	c := linked(t, s)
	id := s.Say(s.Direct(), "hello")
	c.texts(1)
	ann := s.JID(s.Direct())
	c.send(s, s.Direct(), c.BuildReaction(ann, ann, id, "👍"), "")
	sent := c.send(s, s.Direct(), text("draft"), "")
	c.send(s, s.Direct(), c.BuildEdit(ann, sent.ID, text("final")), "")
	c.send(s, s.Direct(), c.BuildRevoke(ann, types.EmptyJID, sent.ID), "")
	if err := c.MarkRead(c.ctx, []string{id}, time.Now(), ann, ann); err != nil {
		t.Fatal(err)
	}
	if err := s.WaitRead(c.ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := c.SendChatPresence(c.ctx, ann, types.ChatPresenceComposing, ""); err != nil {
		t.Fatal(err)
	}
	c.await("name", func() bool { // without one the library has no presence
		return c.count(func(e any) bool { s, is := e.(*events.AppStateSyncComplete); return is && s.Name == "critical_block" }) > 0
	})
	if c.Store.PushName != "Clawd" {
		t.Errorf("the client is called %q", c.Store.PushName)
	}
	if err := c.SendPresence(c.ctx, types.PresenceAvailable); err != nil {
		t.Fatal(err)
	}
	if err := s.mu.Wait(c.ctx, func() bool { return s.typing[s.Direct()] == 1 && s.presence == "available Clawd" }); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, m := range s.Shown() {
		kinds = append(kinds, m.Kind+":"+m.Text+":"+m.Target)
	}
	want := []string{"reaction:👍:" + id, "text:draft:", "edit:final:" + sent.ID, "revoke::" + sent.ID}
	if !slices.Equal(kinds, want) {
		t.Errorf("people see %q, want %q", kinds, want)
	}
	if n := len(s.Replies(s.Direct())); n != 1 {
		t.Errorf("%d replies, want the text alone", n)
	}
}

// What is said before there is a device waits for it; what waited for an unlinked one is lost with it.
func TestLinkingAgain(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	s.Say(s.Direct(), "early")
	first := linked(t, s)
	if got := first.texts(1); textOf(got[0]) != "early" {
		t.Errorf("received %q", textOf(got[0]))
	}
	first.leave()
	if err := s.WaitOffline(first.ctx); err != nil {
		t.Fatal(err)
	}
	s.Say(s.Direct(), "lost")
	second := linked(t, s)
	s.Say(s.Direct(), "new")
	s.Say(s.Group(), "new in the group")
	if got := second.texts(2); textOf(got[0]) != "new" || textOf(got[1]) != "new in the group" {
		t.Errorf("received %q %q", textOf(got[0]), textOf(got[1]))
	}
	second.send(s, s.Group(), text("here"), "")
	if got := s.Replies(s.Group()); len(got) != 1 || s.Unreadable() != 0 {
		t.Errorf("the group sees %+v, %d unreadable", got, s.Unreadable())
	}
}
