package files

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/clawdbot/gateway/actors/file"
)

// walk is one way through a root.
type walk struct {
	j     Jail
	asked string
	root  string
	top   *os.Root
	never []fs.FileInfo
	make  bool
	links int
}

// to goes to a path below the top, from the top again after each link.
func (w *walk) to(rel string) (*spot, error) {
	for {
		s, next, err := w.once(rel)
		if err != nil {
			return nil, err
		}
		if next == "" {
			return s, nil
		}
		if w.links++; w.links > maxLinks {
			return nil, refuse(Outside, w.asked, "leads through too many links")
		}
		rel = next
	}
}

// once goes until it is there, or comes to a link: then next is the path that this leads to.
func (w *walk) once(rel string) (s *spot, next string, err error) {
	cur, err := w.enter(w.top, ".")
	if err != nil {
		return nil, "", err
	}
	keep := false
	defer func() {
		if !keep {
			cur.Close()
		}
	}()
	names := strings.Split(rel, "/")
	if rel == "." {
		info, err := cur.Stat(".")
		if err != nil {
			return nil, "", w.j.system(w.asked, err)
		}
		keep = true
		return &spot{cur, ".", info, w.asked, w.root, "."}, "", nil
	}
	for i, name := range names {
		info, err := cur.Lstat(name)
		last := i == len(names)-1
		switch {
		case errors.Is(err, fs.ErrNotExist) && last:
			keep = true
			return &spot{cur, name, nil, w.asked, w.root, rel}, "", nil
		case errors.Is(err, fs.ErrNotExist) && w.make:
			if err := cur.Mkdir(name, 0o755); err != nil {
				return nil, "", w.j.system(w.asked, err)
			}
		case err != nil:
			return nil, "", w.j.system(w.asked, err)
		case info.Mode()&fs.ModeSymlink != 0:
			next, err := w.follow(cur, names, i)
			return nil, next, err
		case forbidden(w.never, info):
			return nil, "", w.secret()
		case last:
			keep = true
			return &spot{cur, name, info, w.asked, w.root, rel}, "", nil
		}
		sub, err := w.enter(cur, name)
		if err != nil {
			return nil, "", err
		}
		cur.Close()
		cur = sub
	}
	panic("unreachable: names is never empty")
}

// enter opens a directory that was looked at, and nothing that has taken its place.
func (w *walk) enter(cur *os.Root, name string) (*os.Root, error) {
	before, err := cur.Lstat(name)
	if err != nil {
		return nil, w.j.system(w.asked, err)
	}
	if !before.IsDir() {
		if before.Mode()&fs.ModeSymlink != 0 {
			return nil, w.changed()
		}
		return nil, refuse(Missing, w.asked, "%s is no directory", name)
	}
	sub, err := cur.OpenRoot(name)
	if err != nil {
		return nil, w.j.system(w.asked, err)
	}
	after, err := sub.Stat(".")
	switch {
	case err != nil:
		err = w.j.system(w.asked, err)
	case !os.SameFile(before, after):
		err = w.changed()
	case forbidden(w.never, after):
		err = w.secret()
	default:
		return sub, nil
	}
	sub.Close()
	return nil, err
}

// follow reads the link at names[i] and gives the path below the top that it leads to, with the rest of the names.
func (w *walk) follow(cur *os.Root, names []string, i int) (string, error) {
	target, err := cur.Readlink(names[i])
	if err != nil {
		return "", w.j.system(w.asked, err)
	}
	rest := path.Join(names[i+1:]...)
	if !filepath.IsAbs(target) {
		to := path.Join(path.Join(names[:i]...), filepath.ToSlash(target), rest) // what is before it has no links
		if !local(to) {
			return "", refuse(Outside, w.asked, "%s is a link that leads outside of %s", path.Join(names[:i+1]...), w.root)
		}
		return to, nil
	}
	for _, r := range []string{filepath.Clean(w.root), file.Real(w.root)} {
		if sub, err := filepath.Rel(r, filepath.Clean(target)); err == nil && local(filepath.ToSlash(sub)) {
			return path.Join(filepath.ToSlash(sub), rest), nil
		}
	}
	return "", refuse(Outside, w.asked, "%s is a link that leads outside of %s", path.Join(names[:i+1]...), w.root)
}

func (w *walk) secret() error {
	return refuse(Secret, w.asked, "belongs to the gateway's own state and credentials, which no tool opens")
}

func (w *walk) changed() error {
	return refuse(Changed, w.asked, "was exchanged for something else while it was opened; try again")
}

// regular opens the file at a spot for reading.
func (j Jail) regular(s *spot) (*os.File, fs.FileInfo, error) {
	if s.info == nil {
		return nil, nil, refuse(Missing, s.asked, "there is no such file")
	}
	if err := plain(s.asked, s.info); err != nil {
		return nil, nil, err
	}
	f, err := s.dir.OpenFile(s.name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, j.system(s.asked, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = j.system(s.asked, err)
	case !os.SameFile(info, s.info):
		err = refuse(Changed, s.asked, "was exchanged for something else while it was opened; try again")
	default:
		return f, info, nil
	}
	f.Close()
	return nil, nil, err
}

// plain refuses what is no regular file.
func plain(asked string, info fs.FileInfo) error {
	switch m := info.Mode(); {
	case m.IsDir():
		return refuse(Special, asked, "is a directory; ls lists it")
	case m&fs.ModeDevice != 0:
		return refuse(Special, asked, "is a device, not a file")
	case m&fs.ModeNamedPipe != 0:
		return refuse(Special, asked, "is a pipe, not a file")
	case m&fs.ModeSocket != 0:
		return refuse(Special, asked, "is a socket, not a file")
	case !m.IsRegular():
		return refuse(Special, asked, "is no regular file")
	}
	return nil
}
