package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

var errStaleSide = errors.New("not yours any more")

func openSide(t *testing.T, s *Store) *sql.DB {
	t.Helper()
	db, err := s.OpenSide(t.Context(), "beside", errStaleSide)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestSide_onlyTheLastHandleCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startStore(t, Options{Dir: dir})
	if s.SideExists("beside") {
		t.Fatal("it exists before it was opened")
	}
	old := openSide(t, s)
	if _, err := old.Exec("CREATE TABLE c (v INTEGER)"); err != nil {
		t.Fatal(err)
	}
	begun, err := old.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begun.Exec("INSERT INTO c VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	next := openSide(t, s)
	if err := begun.Commit(); !errors.Is(err, errStaleSide) {
		t.Errorf("the commit of a transaction from before = %v", err)
	}
	var n int
	if err := next.QueryRow("SELECT count(*) FROM c").Scan(&n); err != nil || n != 0 {
		t.Errorf("rows = %d, %v; the stale transaction must leave nothing", n, err)
	}
	if _, err := old.Exec("INSERT INTO c VALUES (2)"); !errors.Is(err, errStaleSide) {
		t.Errorf("a write on the old handle = %v", err)
	}
	if err := old.QueryRow("SELECT 1").Scan(&n); !errors.Is(err, errStaleSide) {
		t.Errorf("a read on the old handle = %v", err)
	}
	if _, err := old.Begin(); !errors.Is(err, errStaleSide) {
		t.Errorf("a transaction on the old handle = %v", err)
	}
	if _, err := old.Prepare("SELECT 1"); !errors.Is(err, errStaleSide) {
		t.Errorf("a statement on the old handle = %v", err)
	}
	if _, err := next.Exec("INSERT INTO c VALUES (3)"); err != nil {
		t.Errorf("a write on the new handle = %v", err)
	}
	var foreign int
	if err := next.QueryRow("PRAGMA foreign_keys").Scan(&foreign); err != nil || foreign != 1 {
		t.Errorf("foreign keys = %d, %v", foreign, err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(filepath.Join(dir, "beside.db"+suffix))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("beside.db%s: %v, %v", suffix, info, err)
		}
	}
}

func TestSide_theTokenOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	sys := newSystem(t, nil)
	if err := s.Start(sys); err != nil {
		t.Fatal(err)
	}
	first, _, err := s.raise(t.Context(), "beside")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := startStore(t, Options{Dir: dir})
	second, _, err := again.raise(t.Context(), "beside")
	if err != nil || second <= first {
		t.Errorf("token %d after %d, %v", second, first, err)
	}
}

func TestSide_remove(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	db := openSide(t, s)
	if _, err := db.Exec("CREATE TABLE c (v INTEGER)"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveSide(t.Context(), "beside"); err != nil {
		t.Fatal(err)
	}
	if s.SideExists("beside") {
		t.Error("the file is still there")
	}
	if _, err := db.Exec("SELECT 1"); !errors.Is(err, errStaleSide) {
		t.Errorf("a handle from before = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.OpenSide(ctx, "beside", errStaleSide); !errors.Is(err, context.Canceled) {
		t.Errorf("open with an ended context = %v", err)
	}
}

func TestHoldFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "one.lock")
	release, err := HoldFile(path, "me")
	if err != nil {
		t.Fatal(err)
	}
	_, err = HoldFile(path, "somebody else")
	held, ok := errors.AsType[*LockedError](err)
	if !ok || held.Holder != "me" {
		t.Fatalf("the second holder = %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = HoldFile(path, "next")
	if err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}
