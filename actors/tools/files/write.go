package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/transport/wire"
)

// maxEdit is the size in bytes of a file that is edited or written as a whole.
const maxEdit = 16 << 20

type writeArgs struct {
	Path    string  `json:"path"`
	Content *string `json:"content"`
}

// Write makes a file, or puts a new one in the place of an old one, whole or not at all.
func (j Jail) Write(_ context.Context, a writeArgs) (wire.Raw, error) {
	if a.Content == nil {
		return nil, refuse(Other, a.Path, "write needs content; \"\" makes an empty file")
	}
	if len(*a.Content) > maxEdit {
		return nil, refuse(Large, a.Path, "the content has %d bytes, at most %d are written", len(*a.Content), maxEdit)
	}
	s, err := j.find(a.Path, true)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.name == "." || s.info != nil {
		if err := plain(a.Path, s.info); err != nil {
			return nil, err
		}
	}
	if err := j.replace(s, []byte(*a.Content)); err != nil {
		return nil, err
	}
	did := "wrote"
	if s.info == nil {
		did = "made"
	}
	return wire.Marshal(fmt.Sprintf("%s %s, %d bytes", did, j.display(s), len(*a.Content)))
}

// replace puts a file in the place of what is at a spot, with its mode.
func (j Jail) replace(s *spot, content []byte) error {
	mode := fs.FileMode(0o666)
	if s.info != nil {
		mode = s.info.Mode().Perm()
	}
	temp := ".clawdbot-" + uuid.NewString()[:8] + ".tmp"
	f, err := s.dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return j.system(s.asked, err)
	}
	_, err = f.Write(content)
	if err == nil && s.info != nil {
		err = f.Chmod(mode)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = s.dir.Rename(temp, s.name)
	}
	if err != nil {
		_ = s.dir.Remove(temp)
		return j.system(s.asked, err)
	}
	return nil
}

type editArgs struct {
	Path string  `json:"path"`
	Old  *string `json:"oldText"`
	New  *string `json:"newText"`
	All  bool    `json:"replaceAll"`
}

// Edit replaces a piece of a text that is there once.
func (j Jail) Edit(_ context.Context, a editArgs) (wire.Raw, error) {
	if a.Old == nil || a.New == nil || *a.Old == "" {
		return nil, refuse(Other, a.Path, "edit needs oldText, which must not be empty, and newText")
	}
	if *a.Old == *a.New {
		return nil, refuse(Other, a.Path, "oldText and newText are the same")
	}
	s, err := j.find(a.Path, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	have, err := j.text(s)
	if err != nil {
		return nil, err
	}
	from, to := *a.Old, *a.New
	if strings.Contains(have, "\r\n") && !strings.Contains(from, "\r\n") { // models write lines without it
		from, to = strings.ReplaceAll(from, "\n", "\r\n"), strings.ReplaceAll(strings.ReplaceAll(to, "\r\n", "\n"), "\n", "\r\n")
	}
	n := strings.Count(have, from)
	switch {
	case n == 0:
		return nil, refuse(Missing, a.Path, "oldText is not in the file%s", near(have, from))
	case n > 1 && !a.All:
		return nil, refuse(Other, a.Path, "oldText is in the file %d times: give more of what is around it, or set replaceAll", n)
	}
	at := strings.Index(have, from)
	if err := j.replace(s, []byte(strings.ReplaceAll(have, from, to))); err != nil {
		return nil, err
	}
	return wire.Marshal(fmt.Sprintf("changed %s at line %d%s", j.display(s), 1+strings.Count(have[:at], "\n"), times(n)))
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" and %d more places", n-1)
}

// text is the whole of a file that is a text.
func (j Jail) text(s *spot) (string, error) {
	f, info, err := j.regular(s)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info.Size() > maxEdit {
		return "", refuse(Large, s.asked, "has %d bytes, at most %d are edited", info.Size(), maxEdit)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxEdit+1))
	if err != nil {
		return "", j.system(s.asked, err)
	}
	if bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b) {
		return "", refuse(Binary, s.asked, "is not a text (UTF-8), and is not edited")
	}
	return string(b), nil
}

// near says where something like a text is, whatever its white space.
func near(have, want string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(want), "\n")
	first = strings.TrimSpace(first)
	if first == "" {
		return ""
	}
	for i, line := range strings.Split(have, "\n") {
		if strings.Join(strings.Fields(line), " ") == strings.Join(strings.Fields(first), " ") {
			return fmt.Sprintf(": it must be the same to the letter, white space included; line %d begins like it, read it again", i+1)
		}
	}
	return ": it must be the same to the letter, white space included; read the file again"
}
