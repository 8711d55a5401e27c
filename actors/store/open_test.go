package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOpen_secondIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, Options{Dir: dir})
	_, err := Open(Options{Dir: dir})
	if _, ok := errors.AsType[*LockedError](err); !ok {
		t.Fatalf("second open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gateway.lock")); err != nil {
		t.Errorf("the lock file must stay: %v", err)
	}
	openStore(t, Options{Dir: dir})
}

func TestOpen_everythingIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state ?&#%41") // also a name that a URI would misread
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gateway.lock"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := startStore(t, Options{Dir: dir})
	write(t, s, func(tx *Tx) error {
		return tx.AppendLine(Line{SessionID: "s", Role: "user", Message: make([]byte, maxInline+1)})
	})
	found := make(map[string]bool)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		found[d.Name()] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.lock", "blobs"} {
		if !found[name] {
			t.Errorf("%s is not in the state directory", name)
		}
	}
}

// damaged makes a closed store of a few hundred rows and changes its file.
func damaged(t *testing.T, change func(path string, data []byte) []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		s.Commit(kvPut(fmt.Sprintf("%s%d", strings.Repeat("x", 100), i)), nil)
	}
	if err := s.Close(); err != nil { // commits them
		t.Fatal(err)
	}
	path := filepath.Join(dir, "gateway.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(path, data), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpen_refusesADamagedDatabase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(path string, data []byte) []byte
	}{
		{"garbage", func(string, []byte) []byte { return []byte("this is not a database, and it is longer than a header") }},
		{"shorter than a header", func(string, []byte) []byte { return []byte("SQLite") }},
		{"header only", func(_ string, d []byte) []byte { return d[:100] }},
		{"schema page overwritten", func(_ string, d []byte) []byte { clear(d[100:4096]); return d }},
		{"table pages overwritten", func(_ string, d []byte) []byte {
			for i := 4096; i < len(d); i++ {
				d[i] = 0xa5
			}
			return d
		}},
		{"cut", func(_ string, d []byte) []byte { return d[:4096] }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := damaged(t, c.change)
			path := filepath.Join(dir, "gateway.db")
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(Options{Dir: dir})
			corrupt, ok := errors.AsType[*CorruptError](err)
			if !ok {
				t.Fatalf("error is %v", err)
			}
			if corrupt.Path != path || !strings.Contains(err.Error(), "backups") {
				t.Errorf("%q does not say what is damaged and what to do", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(before) {
				t.Errorf("the damaged file was changed: %v", err)
			}
			if _, err := Open(Options{Dir: dir}); err == nil {
				t.Error("opened the second time")
			} else if _, locked := errors.AsType[*LockedError](err); locked {
				t.Error("the refused open kept the lock")
			}
		})
	}
}

func TestRead_damageFoundLaterIsCorruptError(t *testing.T) {
	t.Parallel()
	dir := damaged(t, func(_ string, d []byte) []byte { clear(d[len(d)-2*pageSize:]); return d }) // the newest leaves of kv
	s := openStore(t, Options{Dir: dir})
	err := s.View(t.Context(), func(v *View) error {
		_, err := list(v.h, func(k *string) []any { return []any{k} }, "SELECT key FROM kv")
		return err
	})
	if !isCorrupt(err) {
		t.Errorf("error is %v", err)
	}
}

func sqlOpen(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range statements {
		if _, err := db.Exec(st); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_refusesForeignAndNewerDatabases(t *testing.T) {
	t.Parallel()
	foreign, newer := t.TempDir(), t.TempDir()
	sqlOpen(t, filepath.Join(foreign, "gateway.db"), "CREATE TABLE recipes (name TEXT)")
	_, err := Open(Options{Dir: foreign})
	if _, ok := errors.AsType[*CorruptError](err); !ok {
		t.Errorf("foreign: %v", err)
	}
	sqlOpen(t, filepath.Join(newer, "gateway.db"), "CREATE TABLE kv (x)", "PRAGMA user_version = 99")
	_, err = Open(Options{Dir: newer})
	if v, ok := errors.AsType[*VersionError](err); !ok || v.Have != 99 {
		t.Errorf("newer: %v", err)
	}
}

// migratorAt opens the database of dir with the given steps.
func migratorAt(t *testing.T, dir string, c *clock, steps ...string) *migrator {
	t.Helper()
	path := filepath.Join(dir, "gateway.db")
	if err := prepareDatabaseFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := openWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &migrator{db: db, path: path, backups: filepath.Join(dir, "backups"), steps: steps,
		log: slog.New(slog.DiscardHandler), now: c.now, fault: func(string) error { return nil }}
}

func snapshots(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "backups", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestMigrate_snapshotFirst(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{time.UnixMilli(0)}
	ctx := context.Background()
	steps := []string{"CREATE TABLE a (x); INSERT INTO a VALUES (1)"}
	m := migratorAt(t, dir, c, steps...)
	if err := m.run(ctx); err != nil {
		t.Fatal(err)
	}
	if got := snapshots(t, dir); len(got) != 0 {
		t.Errorf("a new database was copied: %v", got)
	}
	for i := range 7 {
		c.t = c.t.Add(time.Hour)
		m.steps = append(m.steps, fmt.Sprintf("UPDATE a SET x = x + 1; CREATE TABLE b%d (y)", i))
		if err := m.run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	got := snapshots(t, dir)
	if len(got) != keepSnapshots || filepath.Base(got[0]) != "gateway-v3-19700101T030000.000Z.db" {
		t.Fatalf("snapshots: %v", got)
	}
	for _, path := range got {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("snapshot %s: %v, %v", path, info.Mode(), err)
		}
	}
	db, err := sql.Open("sqlite", got[0])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var x, version int
	if err := db.QueryRow("SELECT x, user_version FROM a, pragma_user_version").Scan(&x, &version); err != nil || x != 3 || version != 3 {
		t.Errorf("the snapshot of version 3 holds %d at version %d: %v", x, version, err)
	}
}

func TestMigrate_failureChangesNothing(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), &clock{time.UnixMilli(0)}
	ctx := context.Background()
	m := migratorAt(t, dir, c, "CREATE TABLE a (x)")
	if err := m.run(ctx); err != nil {
		t.Fatal(err)
	}
	m.steps = append(m.steps, "CREATE TABLE b (y); INSERT INTO nowhere VALUES (1)")
	err := m.run(ctx)
	failed, ok := errors.AsType[*MigrationError](err)
	if !ok || failed.To != 2 || len(snapshots(t, dir)) != 1 || failed.Snapshot != snapshots(t, dir)[0] || !strings.Contains(err.Error(), failed.Snapshot) {
		t.Fatalf("error is %v", err)
	}
	if version, err := m.inspect(ctx); err != nil || version != 1 {
		t.Errorf("version %d after the failure: %v", version, err)
	}
	if tables, err := m.tables(ctx); err != nil || len(tables) != 1 {
		t.Errorf("tables after the failure: %v, %v", tables, err)
	}
}

func TestMigrations_areNumbered(t *testing.T) {
	t.Parallel()
	steps, err := embeddedSteps(migrationFiles)
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d migrations: %v", len(steps), err)
	}
	for _, bad := range []string{"migrations/0002_late.sql", "migrations/1_short.sql"} {
		if _, err := embeddedSteps(mapFS(bad)); err == nil {
			t.Errorf("%s was accepted as the first", bad)
		}
	}
}
