package prompt

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

//go:embed templates/*.md
var templates embed.FS

// Names are the files of a workspace that the agent is told of, in their order.
var Names = []string{"AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", bootstrap}

// bootstrap is what a new workspace begins with, and what the agent removes once it knows the person.
const bootstrap = "BOOTSTRAP.md"

// Bounds of what a prompt holds of the files, in bytes.
const (
	maxFile  = 20_000
	maxFiles = 60_000
)

// Ensure makes a workspace with its files. What is there stays as it is; bootstrap comes only into one that has none of
// the files yet.
func Ensure(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the workspace: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("make the workspace: %w", err)
	}
	defer root.Close()
	var missing []string
	for _, name := range Names {
		if _, err := root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
		}
	}
	for _, name := range missing {
		if name == bootstrap && len(missing) < len(Names) {
			continue
		}
		if err := write(root, name); err != nil {
			return fmt.Errorf("make the workspace: %w", err)
		}
	}
	return nil
}

// write makes one file. One that has come meanwhile stays.
func write(root *os.Root, name string) error {
	text, err := templates.ReadFile("templates/" + name)
	if err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// File is one of the workspace, as it is put into a prompt.
type File struct {
	Name, Path string
	Text       string
	Missing    bool
	Problem    string // why it cannot be read
	Size       int64  // in bytes
	Cut        bool   // Text is not all of it
}

// Read reads the files of a workspace, each and all together cut to what a prompt holds. A link is followed only within the
// workspace.
func Read(dir string) (files []File) {
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
	}
	room := maxFiles
	for _, name := range Names {
		f := File{Name: name, Path: filepath.Join(dir, name)}
		if root == nil {
			f.Missing = true
		} else {
			f.read(root, room)
		}
		room -= len(f.Text)
		if name == bootstrap && f.Missing {
			continue // it has done its work
		}
		files = append(files, f)
	}
	return files
}

func (f *File) read(root *os.Root, room int) {
	info, err := root.Stat(f.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Missing = true
		return
	case err != nil:
		f.Problem = "it cannot be read"
		return
	case !info.Mode().IsRegular():
		f.Problem = "it is not a file"
		return
	}
	file, err := root.Open(f.Name)
	if err != nil {
		f.Problem = "it cannot be read"
		return
	}
	defer file.Close()
	most := min(maxFile, max(0, room))
	b, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err != nil {
		f.Problem = "it cannot be read"
		return
	}
	f.Size = max(info.Size(), int64(len(b)))
	if f.Cut = len(b) > most; f.Cut {
		for most > 0 && !utf8.RuneStart(b[most]) {
			most--
		}
		b = b[:most]
	}
	f.Text = strings.TrimSpace(strings.ToValidUTF8(string(b), "\ufffd"))
}
