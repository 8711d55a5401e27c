package store

import (
	"os"
	"strings"
	"testing"
)

// appendText appends a message of a session.
func appendText(t *testing.T, s *Store, session, text string) {
	t.Helper()
	write(t, s, func(tx *Tx) error {
		return tx.AppendLine(Line{SessionID: session, Role: "assistant", Message: []byte(text), At: 1})
	})
}

func TestEachLine(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	for _, text := range []string{"a", "b", "c", "d"} {
		appendText(t, s, "one", text)
		appendText(t, s, "two", text)
	}
	read(t, s, func(v *View) error {
		var seen []string
		var second int64
		err := v.EachLine("one", 0, func(l Line) (bool, error) {
			if seen = append(seen, string(l.Message)); len(seen) == 2 {
				second = l.ID
			}
			return true, nil
		})
		if err != nil || strings.Join(seen, "") != "abcd" {
			t.Errorf("all: %q, %v", seen, err)
		}
		seen = nil
		err = v.EachLine("one", second, func(l Line) (bool, error) {
			seen = append(seen, string(l.Message))
			return false, nil
		})
		if err != nil || strings.Join(seen, "") != "c" {
			t.Errorf("the one after the second: %q, %v", seen, err)
		}
		wantErr(t, v.EachLine("one", 0, func(Line) (bool, error) { return true, os.ErrClosed }), os.ErrClosed)
		last, err := v.LineFromEnd("one", 0)
		if err != nil || last <= second {
			t.Errorf("last line %d, second %d, %v", last, second, err)
		}
		if id, err := v.LineFromEnd("one", 2); err != nil || id != second {
			t.Errorf("with two behind it: %d, want %d (%v)", id, second, err)
		}
		if id, err := v.LineFromEnd("one", 4); err != nil || id != 0 {
			t.Errorf("with four behind it: %d (%v)", id, err)
		}
		return nil
	})
}

// A file goes with the last line that refers to it, and comes back with the next one.
func TestTrimLines_files(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	large := strings.Repeat("x", maxInline+1)
	appendText(t, s, "one", large)
	appendText(t, s, "one", "small")
	appendText(t, s, "two", large)
	trim := func(session string) {
		var blobs []string
		write(t, s, func(tx *Tx) error {
			last, err := tx.LineFromEnd(session, 0)
			if err == nil {
				_, blobs, err = tx.TrimLines(session, last)
			}
			return err
		})
		if len(blobs) != 1 {
			t.Errorf("trimming %s names the files %q", session, blobs)
		}
		write(t, s, func(tx *Tx) error { return tx.DropBlobs(blobs) })
		write(t, s, func(tx *Tx) error { return tx.DropBlobs(blobs) }) // the second time it is nothing
	}
	files := func() int {
		names, err := os.ReadDir(s.blobs.dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	if trim("one"); files() != 1 {
		t.Errorf("%d files while a line refers to it", files())
	}
	if trim("two"); files() != 0 {
		t.Errorf("%d files when none does", files())
	}
	appendText(t, s, "three", large)
	read(t, s, func(v *View) error {
		lines, err := v.History("three", 10)
		if err != nil || len(lines) != 1 || string(lines[0].Message) != large {
			t.Errorf("written again: %d lines, %v", len(lines), err)
		}
		if n, err := v.LineCount("one"); err != nil || n != 0 {
			t.Errorf("%d lines are left (%v)", n, err)
		}
		return nil
	})
}

func TestEntry(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		return tx.PutSession(Session{Key: "bad", SessionID: "id", UpdatedAt: 7, Entry: []byte("{")})
	})
	read(t, s, func(v *View) error {
		e, found, err := v.Entry("bad")
		if err != nil || !found || e.SessionID != "id" || e.UpdatedAt != 7 {
			t.Errorf("an entry that cannot be read: %+v %v %v", e, found, err)
		}
		if _, found, err := v.Entry("nobody"); found || err != nil {
			t.Errorf("nobody: %v %v", found, err)
		}
		return nil
	})
	write(t, s, func(tx *Tx) error {
		e, _, err := tx.Entry("bad")
		if err != nil {
			return err
		}
		e.ThinkingLevel = "low"
		return tx.PutEntry("good", e)
	})
	read(t, s, func(v *View) error {
		if e, found, err := v.Entry("good"); err != nil || !found || e.ThinkingLevel != "low" || e.SessionID != "id" {
			t.Errorf("good: %+v %v %v", e, found, err)
		}
		return nil
	})
}

// The snapshot of the skills is there for who asks for an entry, and not in the list.
func TestEntry_skills(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	const skills = `{"prompt":"p","skills":[]}`
	write(t, s, func(tx *Tx) error {
		err := tx.PutSession(Session{Key: "raw", SessionID: "id", UpdatedAt: 7, Entry: []byte(`{"sessionId":"id","updatedAt":7,"model":"m","skillsSnapshot":` + skills + `}`)})
		if err != nil {
			return err
		}
		e, _, err := tx.Entry("raw")
		if err != nil {
			return err
		}
		return tx.PutEntry("copy", e)
	})
	read(t, s, func(v *View) error {
		for _, key := range []string{"raw", "copy"} {
			e, _, err := v.Entry(key)
			if err != nil || string(e.SkillsSnapshot) != skills || e.Model != "m" || e.UpdatedAt != 7 {
				t.Errorf("%s: %+v %v", key, e, err)
			}
		}
		all, err := v.Sessions()
		if err != nil || len(all) != 2 || string(all[0].Entry) != `{"sessionId":"id","updatedAt":7,"model":"m"}` || len(all[0].Decode().SkillsSnapshot) != 0 {
			t.Errorf("list: %+v %v", all, err)
		}
		return nil
	})
	write(t, s, func(tx *Tx) error {
		row, err := tx.Session("raw")
		if err != nil {
			return err
		}
		return tx.PutSession(*row)
	})
	read(t, s, func(v *View) error {
		if e, _, err := v.Entry("raw"); err != nil || string(e.SkillsSnapshot) != skills {
			t.Errorf("written back: %+v %v", e, err)
		}
		return nil
	})
}
