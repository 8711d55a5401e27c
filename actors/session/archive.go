package session

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/actors/store"
)

// archive is a transcript as a file.
type archive struct {
	path  string
	lines int
	last  int64 // id of the session's last line
}

// writeArchive writes the transcript of a session as a file beside the store's path: <session>.jsonl.<reason>.<time>.
// The file is durable when it returns. A session without lines makes none: path is "".
func (o *Options) writeArchive(ctx context.Context, sessionID, reason string) (a archive, err error) {
	dir := filepath.Dir(o.StorePath)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return a, fmt.Errorf("archive: %w", err)
	}
	f, err := os.CreateTemp(dir, ".archive-*") // mode 0600
	if err != nil {
		return a, fmt.Errorf("archive: %w", err)
	}
	draft := f.Name()
	defer func() {
		if a.path == "" {
			err = errors.Join(err, os.Remove(draft))
		}
	}()
	if a, err = o.copyLines(ctx, f, sessionID); err != nil || a.lines == 0 {
		return a, errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return a, fmt.Errorf("archive: %w", err)
	}
	path, err := nameArchive(draft, filepath.Join(dir, fileName(sessionID)+".jsonl."+reason+"."))
	if err != nil {
		return a, err
	}
	a.path = path
	return a, nil
}

func (o *Options) copyLines(ctx context.Context, f *os.File, sessionID string) (a archive, err error) {
	w := bufio.NewWriterSize(f, 64<<10)
	before := int64(0)
	err = o.Store.View(ctx, func(v *store.View) error {
		if a.last, err = v.LineFromEnd(sessionID, 0); err != nil {
			return err
		}
		return v.EachLine(sessionID, 0, func(l store.Line) (bool, error) {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			if a.lines == 0 {
				first, err := o.firstLine(sessionID, l.At)
				if err != nil {
					return false, err
				}
				w.Write(append(first, '\n')) // Flush has the error
			}
			line, err := nextLine(l, before)
			if err != nil {
				return false, err
			}
			w.Write(append(line, '\n'))
			a.lines, before = a.lines+1, l.ID
			return true, nil
		})
	})
	return a, errors.Join(err, w.Flush())
}

// nameArchive gives a file its name for good: prefix and the time, a later one if that is taken.
func nameArchive(draft, prefix string) (string, error) {
	for at := time.Now(); ; at = at.Add(time.Millisecond) {
		path := prefix + strings.ReplaceAll(iso(at.UnixMilli()), ":", "-")
		place, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = errors.Join(place.Close(), os.Rename(draft, path), file.SyncDir(filepath.Dir(path)))
		}
		if err != nil {
			return "", fmt.Errorf("archive: %w", err)
		}
		return path, nil
	}
}

var plainName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`) })

// fileName is the part of a file's name that stands for a session id. A client may have chosen the id: one that is no
// plain name is replaced by its hash.
func fileName(sessionID string) string {
	if plainName().MatchString(sessionID) {
		return sessionID
	}
	sum := sha256.Sum256([]byte(sessionID))
	return hex.EncodeToString(sum[:16])
}
