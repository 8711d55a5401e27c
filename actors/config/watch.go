package config

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

var errWatchLost = errors.New("the watched directory went away")

// watchFile calls touched whenever something happens to the file at path, and once at the beginning, when it knows
// that it will not miss anything. It returns when ctx ends or when the watch is lost. It is the directory that is
// watched: editors put a new file in the place of the old one.
func watchFile(ctx context.Context, path string, touched func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	dir := filepath.Dir(path)
	if err := w.Add(dir); err != nil {
		return err
	}
	touched()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			switch {
			case !ok:
				return errWatchLost
			case e.Name == dir && (e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)):
				touched()
				return errWatchLost
			case filepath.Base(e.Name) == filepath.Base(path):
				touched()
			}
		case _, ok := <-w.Errors: // notices were lost
			if !ok {
				return errWatchLost
			}
			touched()
		}
	}
}
