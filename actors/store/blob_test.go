package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func mapFS(name string) fs.FS { return fstest.MapFS{name: &fstest.MapFile{}} }

func TestTranscript_largeMessagesAreFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startStore(t, Options{Dir: dir})
	small, large := bytes.Repeat([]byte("s"), maxInline), bytes.Repeat([]byte("l"), maxInline+1)
	ref, err := s.PutBlob(t.Context(), large)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range [][]byte{small, large, large} {
		write(t, s, func(tx *Tx) error { return tx.AppendLine(Line{SessionID: "s", Role: "assistant", Message: m}) })
	}
	files, err := os.ReadDir(filepath.Join(dir, "blobs"))
	if err != nil || len(files) != 1 || files[0].Name() != ref {
		t.Fatalf("files: %v, %v", files, err)
	}
	history := func() (lines []Line) {
		read(t, s, func(v *View) (err error) { lines, err = v.History("s", 10); return err })
		return lines
	}
	got := history()
	if len(got) != 3 || !bytes.Equal(got[0].Message, small) || !bytes.Equal(got[1].Message, large) || !bytes.Equal(got[2].Message, large) {
		t.Fatalf("history of %d lines does not give the messages back", len(got))
	}

	path := filepath.Join(dir, "blobs", ref)
	if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.blobs.get(ref); !isCorrupt(err) {
		t.Errorf("changed blob: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.blobs.get(ref); !isCorrupt(err) {
		t.Errorf("lost blob: %v", err)
	}
	if got := history(); len(got) != 1 || !bytes.Equal(got[0].Message, small) {
		t.Errorf("history without the file has %d lines", len(got))
	}
}

func TestBlob_failureIsOneOfTheOp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startStore(t, Options{Dir: dir})
	if err := os.RemoveAll(filepath.Join(dir, "blobs")); err != nil {
		t.Fatal(err)
	}
	err := s.Do(t.Context(), func(tx *Tx) error {
		return tx.AppendLine(Line{SessionID: "s", Message: make([]byte, maxInline+1)})
	})
	wantErr(t, err, ErrUnavailable)
	write(t, s, kvPut("later"))
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[*CorruptError](err)
	return ok
}
