package agent

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

func offer(id string) Steer {
	return Steer{Job: Job{ID: id, Request: Request{Message: "[env] " + id, Plain: id}}}
}

// TestRun_steering: a runner takes what is offered while it works, each once; what comes at the end is left.
func TestRun_steering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []Said
		s := newStage(t, nil, runnerFunc(func(ctx context.Context, turn Turn, _ Output) (Answer, error) {
			for range 2 {
				<-turn.Steering.Ready()
				said = append(said, turn.Steering.Take()...)
			}
			return Answer{Text: "done"}, nil
		}), nil)
		defer s.close()
		for _, id := range []string{"a", "a", "b", "a"} {
			_ = s.ref.Tell(offer(id))
			synctest.Wait()
		}
		if e := <-s.ended; e.State != Done {
			t.Errorf("ended %s", e.State)
		}
		_ = s.ref.Tell(offer("late"))
		if got := fmt.Sprint(said); got != "[{[env] a a false} {[env] b b false}]" {
			t.Errorf("taken %s", got)
		}
		if s.commits != 1+1+2 { // the first, both again, and the end; a message is noted as often as one likes
			t.Errorf("%d commits", s.commits)
		}
	})
}

// TestRun_steeredByAStranger: a turn of an operator that takes a message of a surface calls no more tools as an operator.
func TestRun_steeredByAStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rights []bool
		s := newStage(t, nil, runnerFunc(func(ctx context.Context, turn Turn, _ Output) (Answer, error) {
			for range 2 {
				_, _ = turn.Tool(ctx, "x", nil)
				<-turn.Steering.Ready()
				turn.Steering.Take()
			}
			_, err := turn.Tool(ctx, "x", nil)
			return Answer{Text: "done"}, err
		}), func(o *Options) {
			o.Job.Request.Operator = true
			o.Tool = func(_ context.Context, j Job, _ string, _ wire.Raw) (wire.Raw, error) {
				rights = append(rights, j.Request.Operator)
				return nil, nil
			}
		})
		defer s.close()
		own := offer("own")
		own.Job.Request.Operator = true
		_ = s.ref.Tell(own)
		synctest.Wait()
		_ = s.ref.Tell(offer("foreign"))
		<-s.ended
		if !slices.Equal(rights, []bool{true, true, false}) {
			t.Errorf("rights of an operator: %v", rights)
		}
	})
}

// TestSteering_takenOrLeft: at the end of a turn every message is either taken or left, whatever comes when.
func TestSteering_takenOrLeft(t *testing.T) {
	t.Parallel()
	for range 200 {
		s := newSteering(Job{}, func() {})
		var all sync.WaitGroup
		got := make(chan Said, 100)
		for i := range 10 {
			all.Go(func() { s.offer(offer(fmt.Sprint(i))) })
			all.Go(func() {
				for _, m := range s.Take() {
					got <- m
				}
			})
		}
		all.Go(s.close)
		all.Wait()
		if more := s.Take(); more != nil {
			t.Fatalf("taken after the end: %v", more)
		}
		if n := len(got); n != len(s.ours()) {
			t.Fatalf("the runner has %d messages, the end of its turn ends %d", n, len(s.ours()))
		}
	}
}

// TestBuiltin_steering: the built-in runner mentions what it was told on the way.
func TestBuiltin_steering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil, Builtin{}, func(o *Options) { o.Job.Request.Message = "one two three four five" })
		defer s.close()
		time.Sleep(pace)
		_ = s.ref.Tell(offer("wait, six"))
		<-s.ended
		events := s.list()
		if last := events[len(events)-4]; last != "agent session-id assistant You said: one two three four five\nYou also said: wait, six" {
			t.Errorf("events %q", events)
		}
	})
}

// TestSteering_rights: a turn has no more rights than any message that it has taken.
func TestSteering_rights(t *testing.T) {
	t.Parallel()
	job := func(account, sender string, r Request) Job {
		r.Sender = sender
		return Job{ID: account + sender, Request: r, Route: &providers.Route{Account: account}}
	}
	for name, tt := range map[string]struct{ own, taken, want Request }{
		"an operator by an operator": {Request{Operator: true}, Request{Operator: true}, Request{Operator: true}},
		"an operator by an owner":    {Request{Operator: true}, Request{Owner: true}, Request{Foreign: true}},
		"an owner by an operator":    {Request{Owner: true, Elevated: true}, Request{Operator: true}, Request{Owner: true, Elevated: true}},
		"an owner by the same":       {Request{Owner: true, Elevated: true}, Request{Owner: true, Elevated: true, Sender: "7"}, Request{Owner: true, Elevated: true}},
		"the same, less elevated":    {Request{Owner: true, Elevated: true}, Request{Owner: true, Sender: "7"}, Request{Owner: true}},
		"an owner by another":        {Request{Owner: true, Elevated: true}, Request{Owner: true, Elevated: true, Sender: "8"}, Request{Elevated: true, Foreign: true}},
		"an owner by a stranger":     {Request{Owner: true}, Request{Sender: "7"}, Request{Foreign: true}},
		"nobody's by an owner":       {Request{}, Request{Owner: true}, Request{Foreign: true}},
		"nobody's by an operator":    {Request{}, Request{Operator: true}, Request{}},
	} {
		own := job("telegram", "7", tt.own)
		s := newSteering(own, func() {})
		s.offer(Steer{Job: job("telegram", tt.taken.Sender, tt.taken)})
		s.Take()
		got := s.limit(own).Request
		got.Sender = ""
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
