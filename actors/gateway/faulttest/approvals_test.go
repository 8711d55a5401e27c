package faulttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/transport/wire"
)

// answers are what is said about the command of each run that asks first. Those that run cost two processes each.
var answers = map[string]string{
	"ask-0": "allow-once", "ask-1": "deny", "ask-2": "deny", "ask-3": "allow-always",
}

// askers: runs have commands run that somebody must allow first, and a client answers. As with commands, they are there only where the
// fault has to do with that.
func (s *scene) askers() {
	if s.cell.kind != "approvals" {
		return
	}
	var asking, answering sync.WaitGroup
	done := make(chan struct{})
	answering.Go(func() {
		for {
			s.answer()
			select {
			case <-done:
				return
			default:
				s.pause(sweep / 5)
			}
		}
	})
	for key := range answers {
		asking.Go(func() { s.asks(key, key) })
	}
	asking.Wait()
	close(done)
	answering.Wait()
	for key, said := range answers {
		s.carriedOut(key, map[bool]int{true: 1}[said != "deny"])
	}
}

// asks has a command run that leaves a mark.
func (s *scene) asks(key, mark string) {
	text := fmt.Sprintf(`!tool bash {"command":"echo x >>%s"}`, mark)
	if err := s.busy.keyed("chat.send", key, chat(key, key, text), nil); err != nil && answers[mark] != "deny" {
		s.t.Errorf("%s ended with %v", key, err)
	}
}

// answer says what is to be said about the commands that wait.
func (s *scene) answer() {
	var l wire.ExecApprovalsListResult
	if err := s.busy.must("exec.approvals.list", nil, &l); err != nil {
		s.t.Errorf("exec.approvals.list: %v", err)
	}
	for _, p := range l.Pending {
		_, mark, _ := strings.Cut(p.Command, ">>")
		if err := s.busy.must("exec.approval.resolve", wire.ExecApprovalResolveParams{ID: p.ID, Decision: answers[mark]}, nil); err != nil {
			s.t.Errorf("the answer about %s: %v", mark, err)
		}
	}
}

// carriedOut counts the marks of a command.
func (s *scene) carriedOut(mark string, want int) {
	b, err := os.ReadFile(filepath.Join(s.dir, "clawd", mark))
	if n := strings.Count(string(b), "x"); n != want {
		s.t.Errorf("%s was carried out %d times, want %d (%v)", mark, n, want, err)
	}
}

// checkApprovals: what was allowed for good needs no question, and nothing waits.
func (s *scene) checkApprovals() {
	if s.cell.kind != "approvals" {
		return
	}
	s.asks("ask-again", "ask-3")
	s.carriedOut("ask-3", 2)
	var l wire.ExecApprovalsListResult
	if err := s.busy.must("exec.approvals.list", nil, &l); err != nil || len(l.Pending) > 0 || len(l.Allowed) != 1 {
		s.t.Errorf("approvals afterwards: %+v, %v", l, err)
	}
}
