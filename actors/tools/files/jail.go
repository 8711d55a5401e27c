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

// Jail are the directories that the tools work in.
type Jail struct {
	// Roots are absolute. The first is the workspace: it is made when missing, and what relative paths are relative to.
	Roots []string
	// Never are files and directories that stay closed, wherever they are.
	Never []string
	// Home replaces a leading "~"; "" = such paths are refused.
	Home string
}

const (
	maxLinks = 40   // followed on one path
	maxPath  = 4096 // bytes
)

// spot is a place in a jail: an open directory, and a name in it that is no link.
type spot struct {
	dir   *os.Root
	name  string      // "." = the directory itself
	info  fs.FileInfo // nil = there is nothing of that name
	asked string      // the path as it was asked for
	root  string      // the root that it is in
	rel   string      // where it is below that, with slashes
}

func (s *spot) close() { s.dir.Close() }

// display is the path for a person and for the model: relative in the workspace, absolute elsewhere.
func (j Jail) display(s *spot) string {
	if s.root == j.Roots[0] {
		return s.rel
	}
	return filepath.Join(s.root, filepath.FromSlash(s.rel))
}

// find walks to a path. make: directories on the way are made. The caller closes the spot.
func (j Jail) find(asked string, make bool) (*spot, error) {
	root, rel, err := j.locate(asked)
	if err != nil {
		return nil, err
	}
	if root == j.Roots[0] {
		if err := os.MkdirAll(root, 0o755); err != nil {
			return nil, refuse(Other, asked, "the workspace cannot be made: %v", err)
		}
	}
	top, err := os.OpenRoot(root)
	if err != nil {
		return nil, j.system(asked, err)
	}
	defer top.Close()
	w := walk{j: j, asked: asked, root: root, top: top, never: j.never(), make: make}
	return w.to(rel)
}

// locate tells which root a path is in, by its words alone, and where below it.
func (j Jail) locate(asked string) (root, rel string, err error) {
	p := asked
	switch {
	case len(j.Roots) == 0:
		return "", "", refuse(Outside, asked, "there is no workspace")
	case strings.ContainsRune(p, 0) || len(p) > maxPath:
		return "", "", refuse(Outside, strings.ReplaceAll(asked, "\x00", "?"), "that is no path")
	case p == "~" || strings.HasPrefix(p, "~/"):
		if j.Home == "" {
			return "", "", refuse(Outside, asked, "there is no home directory here; use a path in the workspace")
		}
		p = filepath.Join(j.Home, p[1:])
	}
	if !filepath.IsAbs(p) {
		rel := path.Clean(filepath.ToSlash(p))
		if !local(rel) {
			return "", "", j.outside(asked)
		}
		return j.Roots[0], rel, nil
	}
	if root, rel, ok := j.below(filepath.Clean(p)); ok {
		return root, rel, nil
	}
	return "", "", j.outside(asked)
}

// below finds the innermost root that an absolute path is in, by the root's own name or by where that leads.
func (j Jail) below(p string) (root, rel string, ok bool) {
	best := -1
	for _, r := range j.Roots {
		for _, name := range []string{filepath.Clean(r), file.Real(r)} {
			sub, err := filepath.Rel(name, p)
			if err == nil && local(filepath.ToSlash(sub)) && len(name) > best {
				root, rel, ok, best = r, filepath.ToSlash(sub), true, len(name)
			}
		}
	}
	return root, rel, ok
}

// local: a cleaned path that does not lead up.
func local(rel string) bool { return filepath.IsLocal(filepath.FromSlash(rel)) }

func (j Jail) outside(asked string) error {
	return refuse(Outside, asked, "is outside of %s; the file tools work there only (agent.files.roots has more directories)", strings.Join(j.Roots, ", "))
}

// never are the forbidden files and directories that there are.
func (j Jail) never() (all []fs.FileInfo) {
	for _, p := range j.Never {
		if info, err := os.Stat(p); err == nil {
			all = append(all, info)
		}
	}
	return all
}

func forbidden(never []fs.FileInfo, info fs.FileInfo) bool {
	for _, n := range never {
		if os.SameFile(n, info) {
			return true
		}
	}
	return false
}

// system words an error of the system without the paths in it.
func (j Jail) system(asked string, err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, fs.ErrNotExist):
		return refuse(Missing, asked, "there is no such file or directory")
	case errors.Is(err, fs.ErrPermission):
		return refuse(Other, asked, "permission denied")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return refuse(Other, asked, "%v", err)
}

// Dir finds a directory of the jail for a program to start in, as an absolute path without links.
func (j Jail) Dir(asked string) (string, error) {
	s, err := j.find(orDot(asked), false)
	if err != nil {
		return "", err
	}
	defer s.close()
	if s.info == nil || !s.info.IsDir() {
		return "", refuse(Missing, orDot(asked), "there is no such directory")
	}
	return filepath.Join(file.Real(s.root), filepath.FromSlash(s.rel)), nil
}
