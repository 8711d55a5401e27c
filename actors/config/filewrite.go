package config

import (
	"errors"
	"os"
	"path/filepath"
)

// errChanged says that somebody else was quicker.
var errChanged = errors.New("the file changed meanwhile")

// writeFile replaces a file at once: whoever reads it sees the old text or the new one, also after a power cut. A
// symbolic link stays one: its target is replaced.
func writeFile(path, text string) error {
	return replaceFile(path, text, func() bool { return true })
}

// replaceFile is writeFile for a text that was made of what the file had: it is not written unless, at the last
// moment, still says that the file has that.
func replaceFile(path, text string, still func() bool) (err error) {
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
	_, err = f.WriteString(text)
	for _, step := range []func() error{f.Sync, f.Close} {
		if e := step(); err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	if !still() {
		return errChanged
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
