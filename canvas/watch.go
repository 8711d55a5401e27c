package canvas

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	quiet       = 75 * time.Millisecond // without a change before pages are told: a file is being written until then
	longest     = time.Second           // that changes in a row may keep pages from being told
	maxDirs     = 4096                  // directories that are watched
	lookAgain   = time.Second           // for a root that went away
	ignoredName = "node_modules"
)

var errTooMany = errors.New("too many directories")

// watch tells the pages of every change below the root until ctx ends. A root that goes away is watched again when it is
// back. When it cannot be watched that is logged and the watching ends; serving goes on.
func (h *Host) watch(ctx context.Context) {
	changed := make(chan struct{}, 1)
	h.running.Go(func() { debounce(ctx, changed, h.clients.reload) })
	for ctx.Err() == nil {
		err := watchTree(ctx, h.root, h.begun, func() { notify(changed) })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			h.log.Warn("the canvas is not watched, its pages do not reload by themselves", "err", err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
			notify(changed) // whatever is there now has not been seen
		}
	}
}

func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// debounce calls fire when there was a change and then none for a while; with changes without end, now and then.
func debounce(ctx context.Context, changed <-chan struct{}, fire func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		latest := time.After(longest)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			case <-latest:
				waiting = false
			case <-time.After(quiet):
				waiting = false
			}
		}
		fire()
	}
}

// watchTree reports changes of files and directories below root until ctx ends (nil) or the root goes away. What already is
// there is no change. It calls begun when it misses nothing any more.
func watchTree(ctx context.Context, root string, begun, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := addTree(w, root, root); err != nil {
		return err
	}
	begun()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			switch {
			case !ok:
				return fs.ErrNotExist
			case e.Name == root && (e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)):
				changed()
				return fs.ErrNotExist
			case e.Op == fsnotify.Chmod || ignored(root, e.Name):
				continue
			}
			if e.Has(fsnotify.Create) {
				if err := addTree(w, root, e.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
			changed()
		case _, ok := <-w.Errors: // notices were lost
			if !ok {
				return fs.ErrNotExist
			}
			changed()
		}
	}
}

// addTree watches a directory and those below it; a file is no mistake. Links are not followed.
func addTree(w *fsnotify.Watcher, root, path string) error {
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && p != root: // gone again
			return nil
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		case ignored(root, p):
			return filepath.SkipDir
		case len(w.WatchList()) >= maxDirs:
			return errTooMany
		}
		if err := w.Add(p); err != nil && (p == root || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
		return nil
	})
}

// ignored names what is no part of a page: what begins with a dot, below the root, and installed packages.
func ignored(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	if err != nil || rel == "." {
		return err != nil
	}
	for name := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if strings.HasPrefix(name, ".") || name == ignoredName {
			return true
		}
	}
	return false
}
