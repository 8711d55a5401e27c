package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMigrate_allOrNone: when a later migration fails, the earlier ones of the same start are taken back, too: the program from before
// can still work with the database.
func TestMigrate_allOrNone(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{time.UnixMilli(0)}
	ctx := context.Background()
	m := migratorAt(t, dir, c, "CREATE TABLE a (x)")
	if err := m.run(ctx); err != nil {
		t.Fatal(err)
	}
	m.steps = append(m.steps, "CREATE TABLE b (y)", "DROP TABLE a; CREATE TABLE c (z)", "INSERT INTO nowhere VALUES (1)")
	err := m.run(ctx)
	if failed, ok := errors.AsType[*MigrationError](err); !ok || failed.To != 4 {
		t.Fatalf("error is %v", err)
	}
	version, err := m.inspect(ctx)
	tables, tablesErr := m.tables(ctx)
	if err != nil || tablesErr != nil || version != 1 || !slices.Equal(tables, []string{"a"}) {
		t.Errorf("version %d, tables %v: %v %v", version, tables, err, tablesErr)
	}
	c.t = c.t.Add(time.Hour)
	m.fault = func(string) error { return errors.New("no room") }
	m.steps = m.steps[:2]
	if err := m.run(ctx); err == nil {
		t.Error("a fault within a migration passes")
	}
	m.fault = func(string) error { return nil }
	c.t = c.t.Add(time.Hour)
	if err := m.run(ctx); err != nil {
		t.Errorf("once it works: %v", err)
	}
}

// TestRollback: a database of a newer program is refused with the way out, the snapshot takes its place, and what was there is kept.
func TestRollback(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), t.Context()
	put := func(key string) {
		t.Helper()
		s := startStore(t, Options{Dir: dir})
		write(t, s, func(tx *Tx) error { return tx.Put("b", key, []byte("x")) })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	has := func(path, key string) bool {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		n := 0
		if err := db.QueryRow("SELECT count(*) FROM kv WHERE bucket = 'b' AND key = ?", key).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
	put("before")
	if all, err := Snapshots(dir); err != nil || len(all) != 0 {
		t.Fatalf("snapshots of a new database: %v %v", all, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "backups"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Copy(ctx, dir, "gateway.db", filepath.Join(dir, "backups", "gateway-v8-20260102T030405.000Z.db")); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"gateway-v7-20250102T030405.000Z.db", "gateway-vx-20250102T030405.000Z.db", "notes.db"} {
		if err := os.WriteFile(filepath.Join(dir, "backups", other), []byte("no database"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("after")
	sqlOpen(t, filepath.Join(dir, "gateway.db"), "PRAGMA user_version = 99")
	_, err := Open(Options{Dir: dir})
	if _, ok := errors.AsType[*VersionError](err); !ok || !strings.Contains(err.Error(), "clawdbot rollback") {
		t.Fatalf("newer: %v", err)
	}
	all, err := Snapshots(dir)
	if err != nil || len(all) != 2 || all[0].Version != 8 || all[1].Version != 7 || all[0].At.Year() != 2026 {
		t.Fatalf("snapshots %+v %v", all, err)
	}
	for name, bad := range map[string]Snapshot{"damaged": all[1], "newer": {Path: all[0].Path, Version: 99}} {
		if _, err := Rollback(ctx, dir, bad, time.Now()); err == nil || !has(filepath.Join(dir, "gateway.db"), "after") {
			t.Errorf("%s: %v", name, err)
		}
	}
	aside, err := Rollback(ctx, dir, all[0], time.Now())
	if err != nil || !has(aside, "after") {
		t.Fatalf("aside %s: %v", aside, err)
	}
	if has(filepath.Join(dir, "gateway.db"), "after") || !has(filepath.Join(dir, "gateway.db"), "before") {
		t.Error("the database is not that of the snapshot")
	}
	s := startStore(t, Options{Dir: dir})
	if _, err := Rollback(ctx, dir, all[0], time.Now()); err == nil {
		t.Error("it was replaced under a store that is open")
	} else if _, ok := errors.AsType[*LockedError](err); !ok {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.rollback*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestExamined: what a database refers to is found, and damage of it.
func TestExamined(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), t.Context()
	s := startStore(t, Options{Dir: dir})
	large := []byte(`"` + strings.Repeat("x", maxInline+1) + `"`)
	write(t, s, func(tx *Tx) error {
		if err := tx.AppendLine(Line{SessionID: "s", Role: "user", RunID: "r1", Message: large}); err != nil {
			return err
		}
		m := []byte(`{"text":"see /home/a/.clawdbot/media/inbound/a-1.png and media/outbound/b.ogg, not media/other/c or media/inbound/../x"}`)
		return tx.AppendLine(Line{SessionID: "s", Role: "user", RunID: "r2", Message: m})
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Examined(ctx, dir)
	if err != nil || c.Version != Known() || len(c.Blobs) != 1 || !slices.Equal(c.Media, []string{"inbound/a-1.png", "outbound/b.ogg"}) {
		t.Fatalf("%+v %v", c, err)
	}
	if err := CheckBlobs(ctx, dir, c.Blobs); err != nil {
		t.Error(err)
	}
	path := filepath.Join(dir, "blobs", c.Blobs[0])
	for _, spoil := range []func() error{
		func() error { return os.WriteFile(path, []byte("y"), 0o600) },
		func() error { return os.Remove(path) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, ok := errors.AsType[*CorruptError](CheckBlobs(ctx, dir, c.Blobs)); !ok {
			t.Error("a changed, or missing, file is not noticed")
		}
	}
}
