package store

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestRoom: a disk that is full for long ends nothing. Callers are told what to do, and when there is room the store goes on by
// itself, which can be seen without anybody writing.
func TestRoom(t *testing.T) {
	t.Parallel()
	for want, cause := range map[string]error{"is full": syscall.ENOSPC, "cannot be written": syscall.EROFS} {
		var full atomic.Bool
		s := startStore(t, Options{
			OnFatal: func(err error) { t.Errorf("fatal: %v", err) },
			Fault: func(stage string) error {
				if stage == "commit" && full.Load() {
					return cause
				}
				return nil
			},
		})
		put := func() error {
			return s.Do(context.Background(), func(tx *Tx) error { return tx.Put("b", "k", []byte("v")) })
		}
		full.Store(true)
		for range 2 * fatalFailures {
			if err := put(); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) {
				t.Errorf("while it is: %v", err)
			}
		}
		if err := s.Trouble(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("trouble: %v", err)
		}
		full.Store(false)
		for end := time.Now().Add(time.Minute); s.Trouble() != nil; {
			if time.Now().After(end) {
				t.Fatal("it does not find out that there is room")
			}
			<-time.After(20 * time.Millisecond)
		}
		if err := put(); err != nil {
			t.Error(err)
		}
	}
}

// TestRoom_otherFailures: what nobody can help with is still a reason to end.
func TestRoom_otherFailures(t *testing.T) {
	t.Parallel()
	if why := obstacle(t.TempDir(), errors.New("the disk has gone mad")); why != nil {
		t.Error(why)
	}
	if why := tryWriting(t.TempDir()); why != nil {
		t.Error(why)
	}
}
