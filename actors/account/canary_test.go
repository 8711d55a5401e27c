package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// mirror is a platform that shows an account its own messages, while it is not deaf.
type mirror struct {
	mu     sync.Mutex
	sent   []time.Time
	chats  []string
	deaf   bool
	refuse bool
	runs   int
	env    providers.Env
}

func (m *mirror) factory() providers.Factory {
	return factory(script{
		run: func(ctx context.Context, env providers.Env) error {
			m.mu.Lock()
			m.runs++
			m.env = env
			m.mu.Unlock()
			return upUntilCancelled(ctx, env)
		},
		send: func(_ context.Context, out providers.Outgoing) (providers.Receipt, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.refuse {
				return providers.Receipt{}, &providers.SendError{Class: providers.Permanent, Err: errors.New("no such chat")}
			}
			m.sent, m.chats = append(m.sent, time.Now()), append(m.chats, out.Route.Chat)
			id := fmt.Sprint("own-", len(m.sent))
			if !m.deaf {
				m.env.Echo(id) // before the receipt, as it happens
			}
			return providers.Receipt{MessageID: id}, nil
		},
	})
}

// look is what has happened so far.
func (m *mirror) look() (sent, runs int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sent), m.runs
}

func (m *mirror) set(deaf, refuse bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deaf, m.refuse = deaf, refuse
}

func withCanary(f providers.Factory, every string) Start {
	return Start{Account: "telegram", Factory: f, Config: []byte(`{"canary":{"to":"room","everyMinutes":` + every + `}}`)}
}

// TestCanary: an account that does not hear itself is degraded and connected anew, and well again once it does.
func TestCanary(t *testing.T) {
	bubble(t, func(r *rig) {
		m := &mirror{}
		r.tell(withCanary(m.factory(), "10"))
		pass(9 * time.Minute)
		if sent, _ := m.look(); sent != 0 {
			r.t.Fatalf("%d canaries before anybody was silent for long", sent)
		}
		pass(22 * time.Minute)
		if sent, runs := m.look(); sent < 2 || sent > 3 || runs != 1 || m.chats[0] != "room" || r.state().Deaf != "" {
			r.t.Fatalf("half an hour of silence: %d canaries to %v, %d runs, deaf %q", sent, m.chats, runs, r.state().Deaf)
		}
		m.set(true, false)
		pass(13 * time.Minute)
		s := r.state()
		if w := s.Wire(time.Now()); w.State != "degraded" || !strings.Contains(w.Reason, "deaf: the message to itself of ") {
			r.t.Fatalf("a lost canary: %s, %q", w.State, w.Reason)
		}
		if _, runs := m.look(); runs != 2 {
			r.t.Errorf("%d runs after a lost canary, want a second one", runs)
		}
		m.set(false, false)
		pass(8 * time.Minute)
		if s := r.state(); s.Deaf != "" || s.Phase != Up {
			r.t.Errorf("a canary has come back: %s, %q", s.Phase, s.Deaf)
		}
	})
}

// TestCanary_others: messages of people are proof enough, one that cannot be sent proves nothing, and without a chat
// there is none.
func TestCanary_others(t *testing.T) {
	bubble(t, func(r *rig) {
		m := &mirror{}
		r.tell(withCanary(m.factory(), "10"))
		for range 20 {
			pass(3 * time.Minute)
			r.dir.slot("telegram").heard(time.Now().UnixMilli())
		}
		if sent, _ := m.look(); sent != 0 {
			r.t.Errorf("%d canaries while people wrote", sent)
		}
		m.set(false, true)
		pass(time.Hour)
		if s, _ := m.look(); s != 0 || r.state().Deaf != "" {
			r.t.Errorf("a canary that is refused: %q", r.state().Deaf)
		}
		m.set(false, false)
		r.start(m.factory())
		pass(3 * time.Hour)
		if sent, _ := m.look(); sent != 0 {
			r.t.Errorf("%d canaries of an account without one", sent)
		}
	})
}
