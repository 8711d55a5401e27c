package approvals

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxPending = 100
	maxAllowed = 500
	maxDone    = 200
)

// State outlives the actor: it is made once, by the root, and only the actor touches it.
type State struct {
	pending []*question
	done    []outcome // the latest, for those that ask again
	allowed []wire.ExecAllowed
	loaded  bool
	version int // of allowed
	stored  int // the version that is in the store
}

// NewState is one without questions.
func NewState() *State { return &State{} }

type question struct {
	wire.ExecApproval
	key   string // of the command
	seen  time.Time
	reply actors.Reply[Verdict]
}

type outcome struct {
	wire.ExecApprovalResolved
	Verdict
}

func (s *State) find(id string) *question {
	i := slices.IndexFunc(s.pending, func(q *question) bool { return q.ID == id })
	if i < 0 {
		return nil
	}
	return s.pending[i]
}

func (s *State) ended(id string) *outcome {
	i := slices.IndexFunc(s.done, func(o outcome) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return &s.done[i]
}

func (s *State) end(q *question, o outcome) {
	s.pending = slices.DeleteFunc(s.pending, func(p *question) bool { return p == q })
	s.done = append(s.done, o)
	if len(s.done) > maxDone {
		s.done = slices.Delete(s.done, 0, len(s.done)-maxDone)
	}
}

// keyOf tells commands apart that somebody has allowed for good: exactly these words with these variables, on this device.
func keyOf(r tools.ExecRequest) string {
	text := "argv\x00" + strings.Join(r.Argv, "\x00")
	if r.Command != "" {
		text = "shell\x00" + r.Command
	}
	for _, v := range r.Env {
		text += "\x00env\x00" + v
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

func (s *State) lists(key string) bool {
	return slices.ContainsFunc(s.allowed, func(a wire.ExecAllowed) bool { return a.ID == key })
}

// allow adds a command to the list; the oldest makes room.
func (s *State) allow(a wire.ExecAllowed) {
	if s.lists(a.ID) {
		return
	}
	if s.allowed = append(s.allowed, a); len(s.allowed) > maxAllowed {
		s.allowed = slices.Delete(s.allowed, 0, 1)
	}
	s.version++
}
