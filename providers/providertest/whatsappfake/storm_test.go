//go:build !race

package whatsappfake

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
)

// Messages go both ways while the connection is cut again and again: nothing is lost, nothing is shown twice. Where both
// sides begin a session at the same time a message may need a second try, as with real phones. The library races with
// itself when it sends at the moment of a cut, so this is not for the race detector.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{PushName: "Clawd"})
	c := linked(t, s)
	const n = 120
	chats := []string{s.Direct(), s.Group(), s.Bob()}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	back := make(chan struct{})
	go func() { // connects again whenever the connection is lost
		defer close(back)
		for lost := 1; ; lost++ {
			for {
				c.mu.Lock()
				changed, k := c.changed, 0
				for _, e := range c.events {
					if _, is := e.(*events.Disconnected); is {
						k++
					}
				}
				c.mu.Unlock()
				if k >= lost {
					break
				}
				select {
				case <-changed:
				case <-ctx.Done():
					return
				}
			}
			if err := c.ConnectContext(c.ctx); err != nil {
				t.Errorf("connect: %v", err)
				return
			}
		}
	}()
	var in []string
	for k := range n {
		in = append(in, s.Say(chats[k%3], fmt.Sprint("in ", k)))
		id := fmt.Sprint("OUT", k)
		for {
			_, err := c.SendMessage(c.ctx, s.JID(chats[k%3]), text(fmt.Sprint("out ", k)), whatsmeow.SendRequestExtra{ID: id, Timeout: 2 * time.Second})
			if err == nil {
				break
			}
			if c.ctx.Err() != nil {
				t.Fatalf("message %d: %v", k, err)
			}
			c.WaitForConnection(time.Second)
		}
		switch k % 30 {
		case 10:
			s.Drop()
		case 20:
			s.ScriptSend(SendFault{Drop: true, Act: true}) // the next one arrives and is sent again
		}
	}
	for _, id := range in {
		if err := s.WaitAcked(c.ctx, id); err != nil {
			t.Fatalf("message %s was not acknowledged; %d wait", id, s.Pending())
		}
	}
	cancel()
	<-back
	for k, chat := range chats {
		var want, got []string
		for j := k; j < n; j += 3 {
			want = append(want, fmt.Sprint("out ", j))
		}
		for _, r := range s.Replies(chat) {
			got = append(got, r.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s shows %q", chat, got)
		}
	}
	taken := map[string]bool{}
	for _, m := range c.texts(n) {
		taken[m.Info.ID] = true
	}
	if len(taken) != n {
		t.Errorf("%d messages were taken", len(taken))
	}
	t.Logf("%d messages were sent once more because a phone could not read them", s.Unreadable())
	if _, most := s.Sockets(); most != 1 {
		t.Errorf("%d sockets at once", most)
	}
}
