package crashtest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/clawdbot/gateway/actors/store"
)

// moment is what was going on when the process was killed, as its database says.
type moment struct {
	accepted map[string]bool          // runs that had not started, by id
	running  map[string]bool          // runs that had
	sending  map[int64]store.OutItem  // requests to the platform without an answer on disk
	chats    map[string]store.OutItem // the same by account and chat
}

// look opens a copy of a dead gateway's database: the next process must find the original as it was left.
// Every acknowledged call must be in it.
func (h *host) look(t *testing.T, acked []*call) moment {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"gateway.db", "gateway.db-wal"} {
		b, err := os.ReadFile(filepath.Join(h.state(), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m := moment{map[string]bool{}, map[string]bool{}, map[int64]store.OutItem{}, map[string]store.OutItem{}}
	view(t, dir, func(v *store.View) error {
		runs, err := v.OpenRuns()
		for _, r := range runs {
			if r.State == store.RunAccepted {
				m.accepted[r.ID] = true
			} else {
				m.running[r.ID] = true
			}
		}
		for _, c := range acked {
			if r, err := v.Run(c.runID()); err != nil || r == nil {
				t.Errorf("%s was acknowledged and is gone: %v", c.key, err)
			}
		}
		items, outErr := v.OutList(store.OutSending, everything)
		for _, it := range items {
			chat := it.Account + " " + it.Chat
			if other, ok := m.chats[chat]; ok {
				t.Errorf("chat %s has two requests in flight: items %d and %d", chat, other.ID, it.ID)
			}
			m.sending[it.ID], m.chats[chat] = it, it
		}
		return errors.Join(err, outErr)
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	return m
}

const everything = 1 << 30 // as a limit

// view reads a database that no process has open.
func view(t *testing.T, dir string, f func(v *store.View) error) {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	if err := errors.Join(s.View(context.Background(), f), s.Close()); err != nil {
		t.Fatalf("read the database: %v", err)
	}
}
