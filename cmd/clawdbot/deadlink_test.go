package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

// deadLimit is how long a connection that is open and dead may go unnoticed and unmended.
const deadLimit = 90 * time.Second

// TestDeadLinks measures on each surface how long the real program, at the values that everybody has, needs for a
// connection that stays open and carries nothing any more: from that moment until what a person wrote into the dead
// connection is answered. The figures are in docs/providers.md. The variable is how often; what it takes depends on where
// in the gateway's round of looking the connection dies.
//
//	CLAWDBOT_DEADLINK=4 go test ./cmd/clawdbot -run TestDeadLinks -v
func TestDeadLinks(t *testing.T) {
	rounds, _ := strconv.Atoi(os.Getenv("CLAWDBOT_DEADLINK"))
	if rounds < 1 {
		t.Skip("up to 90 s a round; CLAWDBOT_DEADLINK=1 runs one")
	}
	t.Parallel()
	for _, e := range peers {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			e.slow = true
			if e.name == "discord" { // the fake asks for heartbeats as often as Discord does
				e.peer = func(t *testing.T) providertest.Peer { return discordfake.Start(t, discordfake.Options{}).Peer() }
			}
			s := newSurface(t, e)
			s.start()
			if e.link != nil {
				e.link(t, s.peer, s.d)
			}
			for range min(rounds, 5) { // the daemon lives for ten minutes
				t.Run("", s.under(s.deadLink))
			}
			s.d.stop(t)
		})
	}
}

// deadLink lets the connection die and has somebody write into it.
func (s *surface) deadLink() {
	chat := s.peer.Direct
	s.say(chat)
	s.told(chat)
	begin := time.Now()
	if !s.peer.Inject(providertest.ReceiveSilence) {
		s.t.Fatal("the fake platform has no dead connection")
	}
	s.say(chat)
	s.told(chat)
	took := time.Since(begin)
	s.t.Logf("%s: a dead connection was replaced and the message answered after %.1f s", s.name, took.Seconds())
	if took > deadLimit {
		s.t.Errorf("%s: more than %v", s.name, deadLimit)
	}
	if took < time.Second {
		s.t.Errorf("%s: after %v: the connection was not dead", s.name, took)
	}
}
