package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/clawdbot/gateway/actors/store"
)

// ErrPassphrase: the archive is encrypted, and the passphrase is missing or another one.
var ErrPassphrase = errors.New("the backup is encrypted, and this is not its passphrase")

const (
	sealMark    = "age-encryption.org/v1\n"
	maxManifest = 256 << 20
	maxFiles    = 2 << 20
)

// Encrypted says whether what r begins with is an encrypted archive. It reads nothing away.
func Encrypted(r *bufio.Reader) bool {
	b, _ := r.Peek(len(sealMark)) // what is shorter is none
	return string(b) == sealMark
}

// unpack writes the files of an archive below stages, a directory (or, for config, a file's place) by root, and proves that they are
// what they were. Nothing but regular files below those is ever written.
func unpack(ctx context.Context, r io.Reader, passphrase string, stages map[string]string) (*Manifest, error) {
	in := bufio.NewReader(r)
	var plain io.Reader = in
	if Encrypted(in) {
		id, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return nil, ErrPassphrase
		}
		if plain, err = age.Decrypt(in, id); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPassphrase, err)
		}
	}
	zip, err := gzip.NewReader(plain)
	if err != nil {
		return nil, bad("%v", err)
	}
	u := &unpacking{ctx: ctx, stages: stages, have: map[string]Entry{}, roots: map[string]*os.Root{}}
	defer u.close()
	if err := u.all(tar.NewReader(zip)); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, zip); err != nil { // its checksum, and the seal's, are at the end
		return nil, bad("%v", err)
	}
	return u.m, u.compare()
}

type unpacking struct {
	ctx    context.Context
	stages map[string]string
	roots  map[string]*os.Root
	have   map[string]Entry
	m      *Manifest
}

func (u *unpacking) close() {
	for _, r := range u.roots {
		_ = r.Close() // read no more
	}
}

func (u *unpacking) all(t *tar.Reader) error {
	for {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		switch {
		case err != nil:
			return bad("%v", err)
		case u.m != nil:
			return bad("something follows the manifest")
		case h.Typeflag != tar.TypeReg:
			return bad("%q is not a file", h.Name)
		case !local(h.Name):
			return bad("the name %q leads elsewhere", h.Name)
		case len(u.have) >= maxFiles:
			return bad("too many files")
		}
		if h.Name == manifestName {
			err = u.manifest(t)
		} else {
			err = u.file(t, h)
		}
		if err != nil {
			return err
		}
	}
}

func (u *unpacking) manifest(r io.Reader) error {
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(r, maxManifest)); err != nil {
		return bad("%v", err)
	}
	u.m = &Manifest{}
	if err := json.Unmarshal(b.Bytes(), u.m); err != nil {
		return bad("manifest: %v", err)
	}
	if u.m.Format != format {
		return fmt.Errorf("the backup has layout %d, this program knows %d: use the program that made it (%s)", u.m.Format, format, u.m.Version)
	}
	return nil
}

func (u *unpacking) file(r io.Reader, h *tar.Header) error {
	top, rest, ok := strings.Cut(h.Name, "/")
	stage, known := u.stages[top]
	if !ok || !known {
		return bad("nobody knows where %q belongs", h.Name)
	}
	if _, twice := u.have[h.Name]; twice {
		return bad("%q is there twice", h.Name)
	}
	if stage == "" { // not wanted here; it is looked at all the same
		return u.take(io.Discard, r, h)
	}
	if top == "config" {
		stage, rest = filepath.Dir(stage), filepath.Base(stage)
	}
	root, err := u.root(stage)
	if err != nil {
		return err
	}
	if dir := path.Dir(rest); dir != "." {
		if err := root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := root.OpenFile(rest, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(u.take(f, r, h), f.Sync(), f.Close()); err != nil {
		return err
	}
	return root.Chtimes(rest, h.ModTime, h.ModTime)
}

// root opens a stage once: no name leads out of it, whatever it is.
func (u *unpacking) root(dir string) (*os.Root, error) {
	if r, ok := u.roots[dir]; ok {
		return r, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	r, err := os.OpenRoot(dir)
	if err == nil {
		u.roots[dir] = r
	}
	return r, err
}

func (u *unpacking) take(w io.Writer, r io.Reader, h *tar.Header) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), r)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return bad("it ends within %q", h.Name)
		}
		return err
	}
	u.have[h.Name] = Entry{h.Name, n, hex.EncodeToString(sum.Sum(nil))}
	return nil
}

// compare proves that what was there is what the manifest says.
func (u *unpacking) compare() error {
	if u.m == nil {
		return bad("the manifest is missing: it was cut off")
	}
	if len(u.m.Files) != len(u.have) {
		return bad("it has %d files, and should have %d", len(u.have), len(u.m.Files))
	}
	for _, e := range u.m.Files {
		if u.have[e.Name] != e {
			return bad("%q is not what it was", e.Name)
		}
	}
	return nil
}

// proof is the consistency check: that the database of a directory that nobody works on is sound, is not newer than this program, and
// has all that it refers to.
func proof(ctx context.Context, dir string) error {
	c, err := store.Examined(ctx, dir)
	if err != nil {
		return err
	}
	return store.CheckBlobs(ctx, dir, c.Blobs)
}

// Verify unpacks an archive into a directory of its own, proves it, and takes that away again.
func Verify(ctx context.Context, r io.Reader, passphrase, scratch string) (m *Manifest, err error) {
	dir, err := os.MkdirTemp(scratch, "clawdbot-verify-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stages := map[string]string{"config": "", "credentials": "", "agent": "", "workspace": "", "state": filepath.Join(dir, "state")}
	if m, err = unpack(ctx, r, passphrase, stages); err != nil {
		return nil, err
	}
	if m.Schema == 0 {
		return m, nil
	}
	return m, proof(ctx, stages["state"])
}

// Check is the consistency check of a state directory, also while a gateway works on it. Nil where there is no database.
func Check(ctx context.Context, dir, scratch string) (err error) {
	tmp, err := os.MkdirTemp(scratch, "clawdbot-check-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	err = store.Copy(ctx, dir, "gateway.db", filepath.Join(tmp, "gateway.db"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := store.Examined(ctx, tmp)
	if err != nil {
		return err
	}
	return store.CheckBlobs(ctx, dir, c.Blobs)
}
