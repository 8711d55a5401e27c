package backup

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"time"
)

// format is the version of the archive's layout.
const format = 1

// manifestName is the last file of an archive. One without it is not whole.
const manifestName = "manifest.json"

// Manifest says what an archive has.
type Manifest struct {
	Format   int       `json:"format"`
	Made     time.Time `json:"made"`
	Version  string    `json:"version"` // of the program that made it
	Host     string    `json:"host"`
	StateDir string    `json:"stateDir"`
	Schema   int       `json:"schema"` // of the database; 0 = there was none
	Queued   int       `json:"queued"` // deliveries that had not gone out
	Open     int       `json:"open"`   // runs that had not ended
	Files    []Entry   `json:"files"`
	Skipped  []string  `json:"skipped,omitempty"` // what is neither a file nor a directory
}

// Entry is one file of an archive.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Places are the directories, and the file, that an archive is of. Names in an archive begin with one of the words below.
type Places struct {
	StateDir    string // "state"
	ConfigPath  string // "config"; part of StateDir where it is in there. The same for the next ones.
	Credentials string // "credentials"
	Agent       string // "agent"
	Workspace   string // "workspace"; "" = it is left out
}

// root is one of them that is not within another.
type root struct {
	name, path string
	file       bool
}

// roots are what an archive has apart: a place that is within the state directory comes with that.
func (p Places) roots() []root {
	all := []root{{"state", p.StateDir, false}}
	for _, r := range []root{{"config", p.ConfigPath, true}, {"credentials", p.Credentials, false}, {"agent", p.Agent, false}, {"workspace", p.Workspace, false}} {
		if r.path == "" {
			continue
		}
		if r.name != "workspace" {
			if rel, err := filepath.Rel(p.StateDir, r.path); err == nil && filepath.IsLocal(rel) {
				continue
			}
		}
		all = append(all, r)
	}
	return all
}

// real are the places without symbolic links on the way: what a link leads to is meant.
func (p Places) real() Places {
	for _, at := range []*string{&p.StateDir, &p.ConfigPath, &p.Credentials, &p.Agent, &p.Workspace} {
		if *at == "" { // EvalSymlinks makes the working directory of it
			continue
		}
		if to, err := filepath.EvalSymlinks(*at); err == nil {
			*at = to
		}
	}
	return p
}

// ErrArchive: it is no archive of this program, is not whole, or was changed.
var ErrArchive = errors.New("not a whole backup")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrArchive, fmt.Sprintf(format, args...))
}

// local says whether a name of an archive stays where it is put.
func local(name string) bool {
	return name != "" && path.Clean(name) == name && filepath.IsLocal(filepath.FromSlash(name)) && filepath.ToSlash(filepath.FromSlash(name)) == name
}
