package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	maxVisited = 200_000 // files and directories of one search
	maxDepth   = 64
	maxIgnore  = 64 << 10 // bytes of a .gitignore that count
)

// errEnough ends a search that has found as much as it may.
var errEnough = errors.New("enough")

// tree goes through everything below a spot, in the order of names. Links are not followed.
type tree struct {
	w       *walk
	ctx     context.Context
	all     bool // also what .gitignore leaves out
	visited int
	// each is told of files and directories, by their path below the spot; dir is where the last name is.
	each func(dir *os.Root, rel string, info fs.FileInfo) error
}

// search goes through a spot that is a directory. full says that it was too much.
func (j Jail) search(ctx context.Context, s *spot, all bool, each func(dir *os.Root, rel string, info fs.FileInfo) error) (full bool, err error) {
	w := &walk{j: j, asked: s.asked, root: s.root, never: j.never()}
	top, err := w.enter(s.dir, s.name)
	if err != nil {
		return false, err
	}
	defer top.Close()
	t := &tree{w: w, ctx: ctx, all: all, each: each}
	err = t.visit(top, ".", nil, 0)
	if errors.Is(err, errEnough) {
		return true, nil
	}
	return false, err
}

func (t *tree) visit(dir *os.Root, rel string, above []ignore, depth int) error {
	names, err := list(dir)
	if err != nil {
		return nil // one that cannot be read has nothing to show
	}
	if !t.all && slices.Contains(names, ".gitignore") {
		if text, err := t.readIgnore(dir); err == nil {
			above = append(above[:len(above):len(above)], parseIgnore(rel, text))
		}
	}
	for _, name := range names {
		if t.visited++; t.visited > maxVisited || t.ctx.Err() != nil {
			if t.ctx.Err() != nil {
				return context.Cause(t.ctx)
			}
			return errEnough
		}
		info, err := dir.Lstat(name)
		if err != nil || !info.IsDir() && !info.Mode().IsRegular() || forbidden(t.w.never, info) {
			continue
		}
		at := path.Join(rel, name)
		if info.IsDir() && name == ".git" || !t.all && ignored(above, at, info.IsDir()) {
			continue
		}
		if err := t.each(dir, at, info); err != nil {
			return err
		}
		if !info.IsDir() || depth == maxDepth {
			continue
		}
		sub, err := t.w.enter(dir, name)
		if err != nil {
			continue
		}
		err = t.visit(sub, at, above, depth+1)
		sub.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) readIgnore(dir *os.Root) (string, error) {
	info, err := dir.Lstat(".gitignore")
	if err != nil {
		return "", err
	}
	f, _, err := t.w.j.regular(&spot{dir: dir, name: ".gitignore", info: info, asked: ".gitignore"})
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxIgnore))
	return string(b), err
}

// list are the names in a directory, sorted.
func list(dir *os.Root) ([]string, error) {
	d, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names, err
}
