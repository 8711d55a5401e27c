package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// Whatever happens to the actor's messages, every caller is answered once, and what was answered well is stored.
func TestWriter_faults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault func(f *actortest.Faults)
	}{
		{"crash", func(f *actortest.Faults) { f.On(actortest.Kind("store")).Nth(3).Crash() }},
		{"crash after", func(f *actortest.Faults) { f.On(actortest.Kind("store")).Nth(3).CrashAfter() }},
		{"crash of start", func(f *actortest.Faults) { f.On(actortest.Message[actors.Starting]()).Nth(1).Crash() }},
		{"drop", func(f *actortest.Faults) { f.On(actortest.Message[wake]()).Every(2).Drop() }},
		{"duplicate", func(f *actortest.Faults) { f.On(actortest.Message[wake]()).Every(2).Duplicate() }},
		{"delay", func(f *actortest.Faults) { f.On(actortest.Message[wake]()).Every(2).Delay(3 * time.Millisecond) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := actortest.NewFaults(1)
			c.fault(f)
			s := openStore(t, Options{OnFatal: func(err error) { t.Errorf("fatal: %v", err) }})
			if err := s.Start(newSystem(t, f)); err != nil {
				t.Fatal(err)
			}
			var o outcomes
			for i := 0; i < 5 || len(f.Fired()) == 0 && i < 100; i++ { // a busy writer needs no message for the next wave
				for j := range 20 {
					key := fmt.Sprintf("%d-%d", i, j)
					o.commit(s, key, kvPut(key))
				}
				write(t, s, kvPut("wave")) // the writer may come to rest, so that the next wave needs a wake-up
			}
			for key, err := range o.wait(t) {
				if err != nil {
					t.Errorf("%s: %v", key, err)
				}
				if !hasKey(t, s, key) {
					t.Errorf("%s was answered and is gone", key)
				}
			}
			if len(f.Fired()) == 0 {
				t.Error("no fault fired")
			}
		})
	}
}

// The wake-up of an operation is lost and nobody commits after it: it is not forgotten.
func TestWriter_lostWakeUp(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	s := openStore(t, Options{})
	if err := s.Start(newSystem(t, f)); err != nil {
		t.Fatal(err)
	}
	write(t, s, kvPut("a"))
	for s.Stats().WALBytes == 0 { // looked at in the idle moment, after which nothing but a wake-up moves the writer
		<-time.After(time.Millisecond)
	}
	f.On(actortest.Message[wake]()).Times(1).Drop()
	write(t, s, kvPut("b"))
	if len(f.Fired()) != 1 {
		t.Error("the wake-up was not lost")
	}
}

func TestWriter_crashWithABatchInHand(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	s := openStore(t, Options{})
	sys := newSystem(t, f)
	if err := s.Start(sys); err != nil {
		t.Fatal(err)
	}
	release := holdWriter(t, s)
	var o outcomes
	for i := range 10 {
		key := fmt.Sprint(i)
		o.commit(s, key, kvPut(key))
	}
	f.On(actortest.Message[wake]()).Times(1).Crash()
	s.tell(wake{})
	restarted := func() bool {
		for _, i := range sys.Inspect() {
			if i.Kind == "store" {
				return i.Restarts == 1
			}
		}
		return false
	}
	for !restarted() {
		<-time.After(time.Millisecond)
	}
	release()
	for key, err := range o.wait(t) {
		if err != nil || !hasKey(t, s, key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestWriter_threeCrashesAreFatal(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	f.On(actortest.Message[wake]()).Crash()
	fatal := make(chan error, 10)
	s := openStore(t, Options{OnFatal: func(err error) { fatal <- err }})
	if err := s.Start(newSystem(t, f)); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1000)
	n := 0
	for len(fatal) == 0 {
		s.Commit(kvPut("a"), func(err error) { answered <- err })
		n++
		<-time.After(5 * time.Millisecond)
	}
	for range n { // those that were queued are committed, those after the end are refused
		if err := <-answered; err != nil && !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	}
	<-s.stopped
	wantErr(t, s.Do(t.Context(), kvPut("late")), ErrUnavailable)
}

func TestClose_commitsWhatIsQueued(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var o outcomes
	o.commit(s, "before start", kvPut("before start"))
	if err := s.Start(newSystem(t, nil)); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(newSystem(t, nil)); err == nil {
		t.Error("started twice")
	}
	release := holdWriter(t, s)
	for i := range 300 {
		o.commit(s, fmt.Sprint(i), kvPut(fmt.Sprint(i)))
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	release()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("second close: %v", err)
	}
	for key, err := range o.wait(t) {
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	wantErr(t, s.Do(t.Context(), kvPut("late")), ErrUnavailable)
	wantErr(t, s.View(t.Context(), func(*View) error { return nil }), ErrUnavailable)

	s = openStore(t, Options{Dir: dir})
	for _, key := range []string{"before start", "0", "299"} {
		if !hasKey(t, s, key) {
			t.Errorf("%s is gone", key)
		}
	}
}

func TestSystemStop_commitsWhatIsQueued(t *testing.T) {
	t.Parallel()
	s := openStore(t, Options{})
	sys := newSystem(t, nil)
	if err := s.Start(sys); err != nil {
		t.Fatal(err)
	}
	release := holdWriter(t, s)
	var o outcomes
	for i := range 300 {
		o.commit(s, fmt.Sprint(i), kvPut(fmt.Sprint(i)))
	}
	if err := sys.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	release()
	for key, err := range o.wait(t) {
		if err != nil || !hasKey(t, s, key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
