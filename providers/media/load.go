package media

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// Limits of what goes out, in bytes, by kind (reference 0.2).
const (
	maxImage    = 6 << 20
	maxStream   = 16 << 20 // audio, video
	maxDocument = 100 << 20
)

// Loader copies what is to be sent into a directory of its own, where it stays until it has gone out.
type Loader struct {
	store *Store
	roots []string
}

// NewLoader makes a loader that copies into dir. Local files are taken from within roots and from nowhere else; a relative
// path begins at the first.
func NewLoader(dir string, roots ...string) *Loader { return &Loader{New(dir, ""), roots} }

// Load copies what ref names, an http or https address, a file:// address or a path, and makes an image fit the limit of
// images. The error says what to do, and repeats no address.
func (l *Loader) Load(ctx context.Context, ref string) (m providers.Media, err error) {
	ref = strings.TrimSpace(ref)
	scheme, _, remote := strings.Cut(ref, "://")
	switch {
	case remote && strings.EqualFold(scheme, "file"):
		u, err := url.Parse(ref)
		if err != nil || u.Host != "" && u.Host != "localhost" {
			return m, errors.New("a file address must be of this host: file:///path")
		}
		m, err = l.local(ctx, u.Path)
		if err != nil {
			return m, err
		}
	case remote:
		if m, err = l.store.Fetch(ctx, ref, nil, "", maxDocument); err != nil {
			return m, err
		}
	default:
		if m, err = l.local(ctx, ref); err != nil {
			return m, err
		}
	}
	fitted, err := l.fit(ctx, m)
	if err != nil {
		_ = os.Remove(m.Path) // a leftover goes with its age
	}
	return fitted, err
}

// local copies a file that lies within one of the roots, also when links are followed.
func (l *Loader) local(ctx context.Context, path string) (providers.Media, error) {
	if !filepath.IsAbs(path) && len(l.roots) > 0 {
		path = filepath.Join(l.roots[0], path)
	}
	for _, dir := range l.roots {
		rel, err := filepath.Rel(dir, filepath.Clean(path))
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		return l.within(ctx, dir, rel)
	}
	return providers.Media{}, fmt.Errorf("%s is not in a directory that files are sent from (%s): copy it there", filepath.Base(path), strings.Join(l.roots, ", "))
}

func (l *Loader) within(ctx context.Context, dir, rel string) (providers.Media, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return providers.Media{}, fmt.Errorf("read attachment: %w", err)
	}
	defer root.Close()
	info, err := root.Stat(rel) // before it is opened: opening a pipe would wait for its other end
	if err != nil {
		return providers.Media{}, fmt.Errorf("read attachment: %w", err)
	}
	if !info.Mode().IsRegular() {
		return providers.Media{}, fmt.Errorf("%s is not a file", filepath.Base(rel))
	}
	f, err := root.Open(rel)
	if err != nil {
		return providers.Media{}, fmt.Errorf("read attachment: %w", err)
	}
	defer f.Close()
	return l.store.Save(ctx, f, filepath.Base(rel), "", maxDocument)
}

// fit checks a copied file against the limit of its kind. An image that is too large is made smaller.
func (l *Loader) fit(ctx context.Context, m providers.Media) (providers.Media, error) {
	limit := int64(maxDocument)
	switch KindOf(m.MIME) {
	case Image:
		if m.Size > maxImage {
			return l.shrunk(ctx, m)
		}
		return m, nil
	case Audio, Video:
		limit = maxStream
	}
	if m.Size > limit {
		return m, fmt.Errorf("%w: %s of %s, at most %s", providers.ErrTooLarge, bytesText(m.Size), m.MIME, bytesText(limit))
	}
	return m, nil
}

func (l *Loader) shrunk(ctx context.Context, m providers.Media) (providers.Media, error) {
	jpeg, err := Shrink(m.Path, maxImage)
	if err != nil {
		return m, err
	}
	name := strings.TrimSuffix(m.Name, filepath.Ext(m.Name))
	if name != "" {
		name += ".jpg"
	}
	small, err := l.store.Save(ctx, jpeg, name, "image/jpeg", maxImage)
	if err == nil {
		_ = os.Remove(m.Path) // a leftover goes with its age
	}
	return small, err
}

// Expire removes the files of dir that are older than age, except those that are needed. It returns how many it removed.
func Expire(ctx context.Context, dir string, age time.Duration, now time.Time, needed func(path string) bool) (n int, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, infoErr := e.Info()
		if ctx.Err() != nil || infoErr != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < age || needed(path) {
			continue
		}
		if e := os.Remove(path); e != nil {
			err = errors.Join(err, e)
			continue
		}
		n++
	}
	return n, errors.Join(err, ctx.Err())
}
