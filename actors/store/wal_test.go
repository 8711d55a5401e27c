package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func fileSize(t testing.TB, dir, name string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestWAL_doesNotGrowWithoutEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startStore(t, Options{Dir: dir})
	big := make([]byte, 1<<20)
	for range 60 {
		write(t, s, func(tx *Tx) error { return tx.Put("test", "big", big) })
	}
	limit := int64(maxWALFrames*pageSize + 6<<20)
	if got := fileSize(t, dir, "gateway.db-wal"); got > limit {
		t.Errorf("the log has %d MiB", got>>20)
	}
	if got := s.Stats().WALBytes; got <= 0 || got > limit {
		t.Errorf("stats say the log has %d MiB", got>>20)
	}
}

func TestWAL_isCopiedInAnIdleMoment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startStore(t, Options{Dir: dir})
	write(t, s, func(tx *Tx) error { return tx.Put("test", "big", make([]byte, 2<<20)) })
	for fileSize(t, dir, "gateway.db") < 2<<20 {
		<-time.After(10 * time.Millisecond)
	}
}
