package codetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/codeagent"
)

// Turn has a turn and waits until its process is gone.
func Turn(t *testing.T, run codeagent.Run, p codeagent.Program, turn codeagent.Turn, e *Ear) (codeagent.Result, error) {
	t.Helper()
	r, err := run(t.Context(), p, turn, e)
	if r.Gone != nil {
		select {
		case <-r.Gone:
		case <-time.After(time.Minute):
			t.Error("the process does not go")
		}
	}
	return r, err
}

// Misbehaves tests that, whatever an agent does, the turn ends with words that say what it was, and its process with it.
func Misbehaves(t *testing.T, kind string, run codeagent.Run) {
	for how, want := range map[string]string{
		"start dies": "the program ended: exit status 3; it said: cannot find my settings", "start chats": "its standard output is not the protocol",
		"start mute": "it did not answer within 1s of its start", "die": "the program ended: exit status 4; it said: out of cheese",
		"flood": "it says too much", "noise": "it says too much", "endless": "a message of more than 9 MiB",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			start, bad := strings.CutPrefix(how, "start ")
			if !bad {
				start = ""
			}
			p := Program(t, kind, start)
			if start == "mute" {
				p.Start = time.Second
			}
			_, err := Turn(t, run, p, codeagent.Turn{Message: how}, NewEar())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the turn ended with %v", err)
			}
		})
	}
	p := Program(t, kind, "")
	p.Command = "no-such-program-anywhere"
	if _, err := run(t.Context(), p, codeagent.Turn{}, NewEar()); !errors.Is(err, codeagent.ErrMissing) {
		t.Errorf("a program that is not there: %v", err)
	}
}

// Aborts tests that a turn that is not wanted any more is over at once, whether the agent listens or not; nothing of it is left.
func Aborts(t *testing.T, kind string, run codeagent.Run) {
	for _, how := range []string{"wait", "hang"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			why := errors.New("the person said stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			e, at := NewEar(), make(chan time.Time, 1)
			go func() {
				<-e.First
				at <- time.Now()
				cancel(why)
			}()
			r, err := run(ctx, Program(t, kind, ""), codeagent.Turn{Message: how}, e)
			if took := time.Since(<-at); took > time.Second || !errors.Is(err, why) { // some of it is the machine's
				t.Errorf("it took %s and ended with %v", took, err)
			}
			<-r.Gone
		})
	}
}
