package importer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Places is where the other gateway kept its files.
type Places struct {
	StateDir string
	// Home is the home directory: nodes were always kept below it, whatever the state directory was. "" = unknown.
	Home string
	// SessionStore and CronStore are what the configuration says of the two files; "" = their place in StateDir.
	SessionStore, CronStore string
}

// Where the files are, below the folder they belong to.
const (
	sessionsFile = "sessions/sessions.json"
	sessionsDir  = "sessions"
	jobsFile     = "cron/jobs.json"
	nodesFile    = "nodes/paired.json"
	pendingFile  = "nodes/pending.json"
)

// file is one file of the other gateway: a name below a folder that nothing leads out of.
type file struct{ folder, name string }

func (f file) path() string { return filepath.Join(f.folder, f.name) }

// shown is the file as the report names it.
func (p Places) shown(f file) string {
	if rel, err := filepath.Rel(p.StateDir, f.path()); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return f.path()
}

func (p Places) sessions() file { return configured(p.SessionStore, file{p.StateDir, sessionsFile}) }
func (p Places) jobs() file     { return configured(p.CronStore, file{p.StateDir, jobsFile}) }

// nodes are in the state directory, or where they always were.
func (p Places) nodes() file {
	f := file{p.StateDir, nodesFile}
	if old := (file{filepath.Join(p.Home, ".clawdbot"), nodesFile}); p.Home != "" && !f.there() && old.there() {
		return old
	}
	return f
}

// wakeWords are the file that is used, and where it always was.
func (p Places) wakeWords() (here, always file) {
	const name = "settings/voicewake.json"
	here = file{p.StateDir, name}
	if p.Home == "" {
		return here, here
	}
	return here, file{filepath.Join(p.Home, ".clawdbot"), name}
}

func configured(path string, otherwise file) file {
	if path == "" {
		return otherwise
	}
	return file{filepath.Dir(path), filepath.Base(path)}
}

// Found tells whether there is anything of another gateway.
func (p Places) Found() bool {
	for _, f := range []file{p.sessions(), p.jobs(), {p.StateDir, nodesFile}} {
		if f.there() {
			return true
		}
	}
	return false
}

func (f file) there() bool {
	_, err := os.Lstat(f.path())
	return err == nil
}

// open opens a regular file. A symbolic link that leads out of the folder is not followed.
func (f file) open() (*os.File, int64, error) {
	root, err := os.OpenRoot(f.folder)
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	h, err := root.OpenFile(f.name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not hold us up
	if err != nil {
		return nil, 0, err
	}
	info, err := h.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		_ = h.Close()
		return nil, 0, err
	}
	return h, info.Size(), nil
}

var errNotRegular = errors.New("is not a regular file")

// read reads a file of at most limit bytes.
func (f file) read(limit int64) ([]byte, error) {
	h, size, err := f.open()
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if size > limit {
		return nil, fmt.Errorf("has %d MB, and at most %d MB are read", size>>20, limit>>20)
	}
	return io.ReadAll(io.LimitReader(h, limit))
}

// list names the regular files of a folder that end in suffix, without it, sorted.
func (f file) list(suffix string) ([]string, error) {
	root, err := os.OpenRoot(f.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), f.name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), suffix); ok && !e.IsDir() {
			names = append(names, stem)
		}
	}
	return names, nil
}

// why puts into words why a file cannot be read.
func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is not there"
	case errors.Is(err, fs.ErrPermission):
		return "must not be read by this user"
	case strings.Contains(err.Error(), "escapes from parent"):
		return "leads out of its folder, and is not followed"
	case errors.Is(err, syscall.EISDIR):
		return "is a folder"
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return "cannot be read: " + e.Err.Error()
	}
	return err.Error()
}

// fileName tells whether an id can be the name of a file, and of nothing else.
func fileName(id string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	return id != "" && len(id) <= 128 && id[0] != '.' && strings.Trim(id, letters) == ""
}

// copyWakeWords copies the wake words to where they are used, and says what came of it.
func copyWakeWords(from, to file, forReal bool) string {
	b, err := from.read(1 << 20)
	if err == nil && !forReal {
		return "is copied to " + to.path()
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to.path()), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to.path(), b, 0o600)
	}
	if err != nil {
		return why(err)
	}
	return "is copied to " + to.path()
}
