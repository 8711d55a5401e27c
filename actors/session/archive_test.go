package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// options are those of a supervisor with a store of its own.
func options(t testing.TB) *Options { return faulty(t, nil) }

// faulty makes the store fail as fault says.
func faulty(t testing.TB, fault func(stage string) error) *Options {
	t.Helper()
	s, err := store.Open(store.Options{Dir: t.TempDir(), Fault: fault, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
	if err := s.Start(sys); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(sys.Stop(ctx), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return &Options{Store: s, StorePath: t.TempDir() + "/sessions/sessions.json", Log: slog.New(slog.DiscardHandler)}
}

// say appends a message to a session.
func say(t *testing.T, o *Options, key, text string) {
	t.Helper()
	m, err := wire.Marshal(map[string]string{"text": text})
	if err != nil {
		t.Fatal(err)
	}
	err = o.Store.Do(t.Context(), func(tx *store.Tx) error {
		id, _, err := o.Open(tx, key, time.Now().UnixMilli(), false)
		if err != nil {
			return err
		}
		return tx.AppendLine(store.Line{SessionID: id, Role: "assistant", Message: m, At: 1})
	})
	if err != nil {
		t.Error(err)
	}
}

// kept counts each text that a session, or an archive, has.
func kept(t *testing.T, o *Options, key string) (inRows []string, archived map[string]int) {
	t.Helper()
	text := func(line []byte) string {
		var m struct {
			Type    string
			Text    string
			Message struct{ Text string }
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%v: %.200s", err, line)
		}
		return m.Text + m.Message.Text
	}
	err := o.Store.View(t.Context(), func(v *store.View) error {
		e, _, err := v.Entry(key)
		if err != nil {
			return err
		}
		lines, err := v.History(e.SessionID, 1_000_000)
		for _, l := range lines {
			inRows = append(inRows, text(l.Message))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(o.StorePath), "*.jsonl.*"))
	if err != nil {
		t.Fatal(err)
	}
	archived = map[string]int{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
			archived[text([]byte(line))]++
		}
	}
	return inRows, archived
}

// A commit that fails leaves every line, and an archive that is one too many.
func TestCompact_failedCommit(t *testing.T) {
	t.Parallel()
	var failing atomic.Bool
	o := faulty(t, func(stage string) error {
		if stage == "commit" && failing.Load() {
			return errors.New("disk on fire")
		}
		return nil
	})
	for i := range 5 {
		say(t, o, "k", fmt.Sprint(i))
	}
	for name, f := range map[string]func() error{
		"compact": func() error {
			_, err := compact(t.Context(), o, wire.SessionsCompactParams{Key: "k", MaxLines: new(int64(2))})
			return err
		},
		"delete": func() error {
			_, err := o.remove(t.Context(), DeleteSession{Key: "k"})
			return err
		},
	} {
		failing.Store(true)
		if err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
		failing.Store(false)
		if rows, archived := kept(t, o, "k"); len(rows) != 5 || len(archived) != 5 {
			t.Errorf("%s: %q in the store, %v in archives", name, rows, archived)
		}
	}
	r, err := compact(t.Context(), o, wire.SessionsCompactParams{Key: "k", MaxLines: new(int64(2))})
	if rows, _ := kept(t, o, "k"); err != nil || !r.Compacted || !slices.Equal(rows, []string{"3", "4"}) {
		t.Errorf("once more: %+v %v, %q left", r, err, rows)
	}
}

// An archive that cannot be written takes nothing away.
func TestArchive_noPlace(t *testing.T) {
	t.Parallel()
	o := options(t)
	say(t, o, "k", "one")
	say(t, o, "k", "two")
	o.StorePath = filepath.Join(t.TempDir(), "file", "sessions.json")
	if err := os.WriteFile(filepath.Dir(o.StorePath), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err1 := compact(t.Context(), o, wire.SessionsCompactParams{Key: "k", MaxLines: new(int64(1))})
	_, err2 := o.remove(t.Context(), DeleteSession{Key: "k"})
	if rows, _ := kept(t, o, "k"); err1 == nil || err2 == nil || len(rows) != 2 {
		t.Errorf("compact: %v, delete: %v, left %q", err1, err2, rows)
	}
}

// Whatever goes on at the same time, each message is in the store or in an archive, and compact keeps at least what it
// was told to.
func TestCompact_meanwhile(t *testing.T) {
	t.Parallel()
	o := options(t)
	const talkers, each, keep = 4, 40, 3
	var wg sync.WaitGroup
	for i := range talkers {
		wg.Go(func() {
			for j := range each {
				say(t, o, "k", fmt.Sprint(i, "-", j))
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			for range 10 {
				if _, err := compact(t.Context(), o, wire.SessionsCompactParams{Key: "k", MaxLines: new(int64(keep))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	rows, archived := kept(t, o, "k")
	if len(rows) < keep {
		t.Errorf("only %d messages are left", len(rows))
	}
	all := maps.Clone(archived)
	for _, text := range rows {
		all[text]++
	}
	if len(all) != talkers*each {
		t.Errorf("%d of %d messages are somewhere", len(all), talkers*each)
	}
}
