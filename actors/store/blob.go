package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/clawdbot/gateway/actors/file"
)

// maxInline is the largest message that is kept in its row.
const maxInline = 64 << 10

// blobs is a folder of large messages, each in a file named by the SHA-256 of its content.
type blobs struct {
	dir string
	log *slog.Logger
}

// put writes data unless it is there, and returns its name. It returns when the file is durable under that name.
func (b *blobs) put(data []byte) (ref string, err error) {
	sum := sha256.Sum256(data)
	ref = hex.EncodeToString(sum[:])
	path := filepath.Join(b.dir, ref)
	if _, err := os.Stat(path); err == nil {
		// Complete, since it got its name after its content was synced; the name itself may be younger than that.
		return ref, file.SyncDir(b.dir)
	}
	if err := b.write(path, data); err != nil {
		return "", unavailable(fmt.Errorf("write blob: %w", err))
	}
	return ref, nil
}

func (b *blobs) write(path string, data []byte) (err error) {
	f, err := os.CreateTemp(b.dir, "new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err := firstError(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return file.SyncDir(b.dir)
}

// get reads a blob and proves that it is the one that was written.
func (b *blobs) get(ref string) ([]byte, error) {
	path := filepath.Join(b.dir, ref)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &CorruptError{Path: path, Err: errors.New("a transcript line refers to this file, and it is missing")}
	}
	if err != nil {
		return nil, unavailable(err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != ref {
		return nil, &CorruptError{Path: path, Err: errors.New("the content does not match the name")}
	}
	return data, nil
}

// PutBlob writes data as a durable file, so that AppendLine finds it there and need not write it within the batch.
// Worth calling before an Op that appends a message over 64 KiB. It blocks: not for Receive.
func (s *Store) PutBlob(ctx context.Context, data []byte) (ref string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return s.blobs.put(data)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
