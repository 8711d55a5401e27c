package canvas

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// maxHTML is the largest page that gets the script; a larger one is sent as it is.
const maxHTML = 16 << 20

var errNotRegular = errors.New("not a regular file")

// open finds the file that a path below the root names. A directory stands for its index.html. What is no regular file, what
// is a link itself and what a link leads to outside of the root is not there. The root is opened for each request, so that a
// directory which was put in its place is found.
func open(dir, name string, asDir bool) (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	if !asDir && name != "" {
		if info, err := root.Stat(name); err == nil && info.IsDir() {
			asDir = true
		}
	}
	if asDir || name == "" {
		name = path.Join(name, "index.html")
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	// It may be another file by now: a pipe must not block, and what was opened is looked at again.
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// readPage reads a page whole. A file that grows while it is read is cut where it ended.
func readPage(f io.Reader, size int64) ([]byte, error) {
	b := make([]byte, size)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read a canvas page: %w", err)
	}
	return b[:n], nil
}
