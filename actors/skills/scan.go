package skills

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
)

// Bounds of a scan. What is beyond them is left out, with a line in the log.
const (
	maxSkillFile = 256 << 10
	maxSkills    = 500    // per directory
	maxEntries   = 20_000 // files and folders looked at, per directory
	maxDepth     = 4
)

const skillFile = "SKILL.md"

// Where skills come from, in the words of the wire. A later one of the same name stands in for an earlier one.
const (
	sourceExtra     = "clawdbot-extra"
	sourceBundled   = "clawdbot-bundled"
	sourceManaged   = "clawdbot-managed"
	sourceWorkspace = "clawdbot-workspace"
)

type place struct{ dir, source string }

// skill is one folder with a SKILL.md.
type skill struct {
	described
	source, file, dir string
}

func (s skill) key() string { return cmp.Or(strings.TrimSpace(s.meta.SkillKey), s.name) }

// scanner finds skills. It remembers what it read.
type scanner struct {
	log *slog.Logger

	mu    sync.Mutex
	known map[string]remembered // guarded by mu; by file
}

type remembered struct {
	look    string // size and time of the file
	d       described
	ok      bool
	problem string // what is wrong with it
}

// problem is a SKILL.md that is not, or not wholly, understood.
type problem struct{ file, text string }

// scan lists the skills of all places by name, and what is wrong with files.
func (s *scanner) scan(places []place) ([]skill, []problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.known
	s.known = map[string]remembered{}
	byName := map[string]skill{}
	for _, p := range places {
		for _, sk := range s.scanDir(p, before) {
			byName[sk.name] = sk
		}
	}
	all := make([]skill, 0, len(byName))
	for _, sk := range byName {
		all = append(all, sk)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	var wrong []problem
	for _, file := range slices.Sorted(maps.Keys(s.known)) {
		if p := s.known[file].problem; p != "" {
			wrong = append(wrong, problem{file, p})
		}
	}
	return all, wrong
}

var errEnough = errors.New("there is more than is looked at")

// scanDir looks through one directory. Links that lead out of it are not followed.
func (s *scanner) scanDir(p place, before map[string]remembered) (all []skill) {
	if p.dir == "" {
		return nil
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("skills were not read", "dir", p.dir, "err", err)
		}
		return nil
	}
	defer root.Close()
	entries := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if entries++; entries > maxEntries || len(all) >= maxSkills {
			return errEnough
		}
		if err != nil || !d.IsDir() {
			return nil // what cannot be read is left out
		}
		if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || strings.Count(name, "/") >= maxDepth) {
			return fs.SkipDir
		}
		sk, found := s.read(root, p, name, before)
		if !found {
			return nil
		}
		if sk.description != "" {
			all = append(all, sk)
		}
		return fs.SkipDir
	})
	if err != nil {
		s.log.Warn("skills were not all read", "dir", p.dir, "err", err)
	}
	return all
}

// read reads the SKILL.md of a folder, if there is one.
func (s *scanner) read(root *os.Root, p place, folder string, before map[string]remembered) (sk skill, found bool) {
	name := path.Join(folder, skillFile)
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return sk, false
	}
	sk = skill{source: p.source, dir: filepath.Join(p.dir, filepath.FromSlash(folder))}
	sk.file = filepath.Join(sk.dir, skillFile)
	r := before[sk.file]
	if look := fmt.Sprint(info.Size(), info.ModTime().UnixNano()); r.look != look {
		r = remembered{look: look}
		r.d, err = parseFile(root, name)
		r.ok = err == nil || !errors.Is(err, errNotASkill) && r.d.description != ""
		if err != nil {
			r.problem = err.Error()
			s.log.Warn("skill", "file", sk.file, "problem", r.problem)
		}
	}
	s.known[sk.file] = r
	if !r.ok {
		return sk, true
	}
	sk.described = r.d
	sk.name = cmp.Or(sk.name, filepath.Base(sk.dir))
	return sk, true
}

func parseFile(root *os.Root, name string) (described, error) {
	f, err := root.Open(name)
	if err != nil {
		return described{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSkillFile+1))
	switch {
	case err != nil:
		return described{}, err
	case len(b) > maxSkillFile:
		return described{}, errors.New("is larger than 256 KiB")
	}
	return describe(strings.ToValidUTF8(string(b), "\ufffd"))
}
