package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/providers"
)

// DefaultLimit is what an attachment may have, in bytes, when nobody says.
const DefaultLimit = 5 << 20

// sniffed is how much of a file is looked at to find out what it is.
const sniffed = 16 << 10

const partial = ".part"

// Store keeps attachments in one directory. It is safe for concurrent use.
type Store struct {
	dir    string
	client *http.Client
}

var _ providers.Files = (*Store)(nil)

// New makes a store in dir, which need not be there yet. endpoint, if not empty, is the address of a platform's stand-in
// on this host: the one place beside public addresses from where Fetch gets something.
func New(dir, endpoint string) *Store {
	return &Store{dir: dir, client: Client(endpoint)}
}

// Clean removes what a killed process left unfinished in dir. Nothing may be writing there.
func Clean(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), partial) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// Save implements providers.Files. A limit of 0 or less is DefaultLimit.
func (s *Store) Save(ctx context.Context, r io.Reader, name, mime string, limit int64) (providers.Media, error) {
	m, err := s.keep(ctx, r, name, mime, limit)
	if err != nil {
		return providers.Media{}, fmt.Errorf("keep attachment: %w", err)
	}
	return m, nil
}

func (s *Store) keep(ctx context.Context, r io.Reader, name, mime string, limit int64) (m providers.Media, err error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return m, err
	}
	root, err := os.OpenRoot(s.dir) // whatever a name may hold: it stays in here
	if err != nil {
		return m, err
	}
	defer root.Close()
	id := uuid.NewString()
	f, err := root.OpenFile(id+partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			_ = root.Remove(id + partial) // after a rename that failed at most
		}
	}()
	head, size, err := fill(ctx, f, r, limit)
	for _, step := range []func() error{f.Sync, f.Close} {
		if e := step(); err == nil {
			err = e
		}
	}
	if err != nil {
		return m, err
	}
	mime, ext := Sniff(head, name, mime)
	if err = root.Rename(id+partial, id+ext); err != nil {
		return m, err
	}
	return providers.Media{Path: filepath.Join(s.dir, id+ext), MIME: mime, Name: CleanName(name, ext), Size: size}, nil
}

// fill copies r to f, at most limit bytes, and returns the beginning of what it copied.
func fill(ctx context.Context, f io.Writer, r io.Reader, limit int64) (head []byte, size int64, err error) {
	r = &interruptible{ctx, io.LimitReader(r, limit+1)}
	var first bytes.Buffer
	if _, err = io.CopyN(&first, r, sniffed); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	head = first.Bytes()
	n, err := io.Copy(f, io.MultiReader(bytes.NewReader(head), r))
	switch {
	case err != nil:
		return nil, 0, err
	case n > limit:
		return nil, 0, fmt.Errorf("%w: more than %s", providers.ErrTooLarge, bytesText(limit))
	case n == 0:
		return nil, 0, errors.New("it is empty")
	}
	return head, n, nil
}

// interruptible is a reader that ends with its context, between two reads.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(b)
}

// bytesText is a size for a person.
func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.4g MB", float64(n)/(1<<20))
}
