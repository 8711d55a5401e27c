package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/clawdbot/gateway/actors/store"
)

// Options say what to write.
type Options struct {
	Places
	Version    string
	Passphrase string    // "" = the archive is not encrypted
	Scratch    string    // directory for a copy of the database; "" = the system's
	Now        time.Time // zero = now
	// work is how much scrypt has to do, as age counts it; 0 = its default. For tests.
	work int
}

// left are names at the top of the state directory that are not part of a backup: locks, what is copied in another way, older
// snapshots, logs, and what can be had again.
var left = map[string]bool{
	"gateway.lock": true, "gateway.lock.holder": true, "backups": true, "blobs": true, "media": true, "browser": true, "sandbox": true, "sandboxes": true, "logs": true, "cache": true,
}

// whole is the largest file that is read before it is written: what changes meanwhile is then one of two states.
const whole = 8 << 20

// Write writes an archive to w. The error is fs.ErrNotExist when a file that the database refers to was deleted meanwhile: a
// conversation was, so another try has a database that does not know it.
func Write(ctx context.Context, o Options, w io.Writer) (m *Manifest, err error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	o.Places = o.real()
	scratch, err := os.MkdirTemp(o.Scratch, "clawdbot-backup-*") // mode 0700
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	host, _ := os.Hostname()
	m = &Manifest{Format: format, Made: o.Now.UTC(), Version: o.Version, Host: host, StateDir: o.StateDir, Files: []Entry{}}
	seal := io.WriteCloser(unsealed{w})
	if o.Passphrase != "" {
		if seal, err = o.encrypt(w); err != nil {
			return nil, err
		}
	}
	zip := gzip.NewWriter(seal)
	a := &archive{ctx: ctx, o: o, m: m, tar: tar.NewWriter(zip), databases: map[string]bool{}}
	if err := a.all(scratch); err != nil {
		return nil, err
	}
	return m, errors.Join(a.tar.Close(), zip.Close(), seal.Close())
}

func (o Options) encrypt(w io.Writer) (io.WriteCloser, error) {
	r, err := age.NewScryptRecipient(o.Passphrase)
	if err != nil {
		return nil, err
	}
	if o.work > 0 {
		r.SetWorkFactor(o.work)
	}
	return age.Encrypt(w, r)
}

type unsealed struct{ io.Writer }

func (unsealed) Close() error { return nil }

type archive struct {
	ctx context.Context
	o   Options
	m   *Manifest
	tar *tar.Writer

	databases map[string]bool // by name: they are copied, not read
}

func (a *archive) all(scratch string) error {
	names, err := store.Databases(a.o.StateDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		a.databases[name] = true
		if err := store.Copy(a.ctx, a.o.StateDir, name, filepath.Join(scratch, name)); err != nil {
			return err
		}
	}
	c, err := store.Examined(a.ctx, scratch)
	if err != nil {
		return fmt.Errorf("the copy of the database: %w", err)
	}
	a.m.Schema, a.m.Queued, a.m.Open = c.Version, c.Queued, c.Open
	for _, name := range names {
		if err := a.file("state/"+name, filepath.Join(scratch, name)); err != nil {
			return err
		}
	}
	for _, name := range c.Blobs {
		if err := a.file("state/blobs/"+name, filepath.Join(a.o.StateDir, "blobs", name)); err != nil {
			return err
		}
	}
	for _, name := range c.Media {
		err := a.file("state/media/"+name, filepath.Join(a.o.StateDir, "media", filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // old ones are removed, and what tells of them is not
			return err
		}
	}
	for _, r := range a.o.roots() {
		if err := a.tree(r); err != nil {
			return err
		}
	}
	return a.manifest()
}

// tree writes what is below a root.
func (a *archive) tree(r root) error {
	return filepath.WalkDir(r.path, func(at string, e fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(r.path, at)
		switch {
		case errors.Is(err, fs.ErrNotExist): // never there, or gone meanwhile
			return nil
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case r.name == "state" && a.leave(rel, at):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		}
		name := path.Join(r.name, filepath.ToSlash(rel))
		if r.file {
			name = r.name + "/" + filepath.Base(r.path)
		}
		if !e.Type().IsRegular() && !linked(rel, at, e) {
			a.m.Skipped = append(a.m.Skipped, name)
			return nil
		}
		if err := a.file(name, at); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// linked says whether it is a file somewhere else that is used from the top of a directory, such as a configuration that is kept with
// others.
func linked(rel, at string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 || strings.ContainsRune(rel, filepath.Separator) {
		return false
	}
	info, err := os.Stat(at)
	return err == nil && info.Mode().IsRegular()
}

// leave says whether a name of the state directory is not to be walked into, or not to be taken.
func (a *archive) leave(rel, at string) bool {
	base := filepath.Base(rel)
	top := !strings.ContainsRune(rel, filepath.Separator)
	return top && (left[rel] || a.databases[rel] || strings.HasSuffix(rel, ".log")) ||
		strings.HasSuffix(base, "-wal") || strings.HasSuffix(base, "-shm") || strings.HasSuffix(base, ".sock") ||
		at == a.o.Workspace || strings.HasPrefix(base, ".doctor-")
}

// file writes one file under a name.
func (a *archive) file(name, at string) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var from io.Reader = f
	size := info.Size()
	if size <= whole {
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		from, size = bytes.NewReader(b), int64(len(b))
	}
	return a.put(name, from, size, info.ModTime())
}

func (a *archive) put(name string, from io.Reader, size int64, at time.Time) error {
	err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: size, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(a.tar, h), io.LimitReader(from, size))
	if err == nil && n < size {
		err = fmt.Errorf("%s became shorter while it was read; try again", name)
	}
	if err != nil {
		return err
	}
	a.m.Files = append(a.m.Files, Entry{name, size, hex.EncodeToString(h.Sum(nil))})
	return nil
}

func (a *archive) manifest() error {
	b, err := json.MarshalIndent(a.m, "", "  ")
	if err != nil {
		return err
	}
	files := a.m.Files
	err = a.put(manifestName, bytes.NewReader(b), int64(len(b)), a.o.Now)
	a.m.Files = files // it does not list itself
	return err
}
