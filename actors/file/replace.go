package file

import (
	"errors"
	"os"
	"path/filepath"
)

// ErrChanged says that somebody else was quicker.
var ErrChanged = errors.New("the file changed meanwhile")

// Replace gives a file a new content at once and for good: whoever reads it sees the old bytes or the new ones, also
// after a power cut. The file can be read by its owner only, and so can a directory that is made for it. A symbolic link
// stays one: its target is replaced.
func Replace(path string, content []byte) error {
	return ReplaceIf(path, content, func() bool { return true })
}

// Swap is Replace without its promise about a power cut, after which the file may be empty or gone, and without its wait for
// the disk, which can take seconds.
func Swap(path string, content []byte) error {
	return replace(path, content, false, func() bool { return true })
}

// ReplaceIf is Replace for a content that was made of what the file had: it is not written, and the error is ErrChanged,
// unless, at the last moment, still says that the file has that.
func ReplaceIf(path string, content []byte, still func() bool) error {
	return replace(path, content, true, still)
}

func replace(path string, content []byte, durable bool, still func() bool) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if durable && err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if !still() {
		return ErrChanged
	}
	if err = os.Rename(f.Name(), path); err != nil || !durable {
		return err
	}
	return SyncDir(dir)
}
