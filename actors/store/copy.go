package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Databases lists the database files of a state directory: the gateway's own, and those beside it.
func Databases(dir string) (names []string, err error) {
	all, err := filepath.Glob(filepath.Join(dir, "*.db"))
	for _, path := range all {
		if is, err := isDatabase(path); err != nil {
			return nil, err
		} else if is {
			names = append(names, filepath.Base(path))
		}
	}
	return names, err
}

func isDatabase(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	header := make([]byte, len(sqliteHeader))
	n, err := io.ReadFull(f, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return string(header[:n]) == sqliteHeader, err
}

// Copy writes a database of a state directory into dest, a new file, as one moment has it: all that was durable when it was called,
// and nothing half. A gateway may work on it meanwhile and is not held up; its lock is not needed.
func Copy(ctx context.Context, dir, name, dest string) (err error) {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return err
	}
	db, err := openPool(path, 1, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f, err := os.OpenFile(dest, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // SQLite accepts an empty file, and it is private
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", dest); err != nil {
		return errors.Join(classify(path, fmt.Errorf("copy database: %w", err)), os.Remove(dest))
	}
	return nil
}

// Contents is what a database refers to, and what waits in it.
type Contents struct {
	Version int      // of the schema
	Blobs   []string // files of blobs/, sorted
	Media   []string // files of media/ that something tells of, as "inbound/name", sorted; some may be gone
	Queued  int      // deliveries that have not gone out, or may not have
	Open    int      // runs that have not ended
}

// referenced is where texts tell of files.
var referenced = []string{
	"SELECT payload FROM inbox WHERE payload IS NOT NULL", "SELECT payload FROM outbox WHERE payload IS NOT NULL",
	"SELECT message FROM transcript WHERE message IS NOT NULL", "SELECT request FROM runs WHERE request IS NOT NULL", "SELECT text FROM notes",
}

var mediaName = regexp.MustCompile(`media/((?:inbound|outbound)/[A-Za-z0-9_-][A-Za-z0-9._-]*)`)

// Examined reads the whole database of a state directory, as Examine does, and what it refers to. It is for a copy that nobody works
// on. A file of blobs/ that is missing or damaged is a *CorruptError.
func Examined(ctx context.Context, dir string) (c Contents, err error) {
	if err := Examine(ctx, dir); err != nil {
		return c, err
	}
	path := filepath.Join(dir, "gateway.db")
	db, err := openReaders(path)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for query, into := range map[string]*int{
		"PRAGMA user_version": &c.Version,
		"SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')": &c.Queued,
		"SELECT count(*) FROM runs WHERE state IN ('accepted', 'running')": &c.Open,
	} {
		if err := db.QueryRowContext(ctx, query).Scan(into); err != nil {
			return c, classify(path, err)
		}
	}
	err = texts(ctx, db, "SELECT DISTINCT blob FROM transcript WHERE blob <> '' ORDER BY blob", func(name []byte) error {
		c.Blobs = append(c.Blobs, string(name))
		return nil
	})
	if err != nil {
		return c, classify(path, err)
	}
	media := map[string]bool{}
	note := func(text []byte) error {
		for _, m := range mediaName.FindAllSubmatch(text, -1) {
			media[string(m[1])] = true
		}
		return nil
	}
	for _, query := range referenced {
		if err := texts(ctx, db, query, note); err != nil {
			return c, classify(path, err)
		}
	}
	for name := range media {
		c.Media = append(c.Media, name)
	}
	slices.Sort(c.Media)
	return c, nil
}

// CheckBlobs proves that the files of blobs/ that a database refers to are there and are what they were.
func CheckBlobs(ctx context.Context, dir string, names []string) error {
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := checkBlob(filepath.Join(dir, "blobs", filepath.Base(name))); err != nil {
			return err
		}
	}
	return nil
}

func checkBlob(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{Path: path, Err: errors.New("a transcript line refers to this file, and it is missing")}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != filepath.Base(path) {
		return &CorruptError{Path: path, Err: errors.New("the content does not match the name")}
	}
	return nil
}

// texts calls f with the one column of each row. The bytes are valid until f returns.
func texts(ctx context.Context, db *sql.DB, query string, f func([]byte) error) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		if strings.Contains(err.Error(), "no such table") { // of an older schema: there is nothing of it then
			return nil
		}
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var b sql.RawBytes
		if err := rows.Scan(&b); err != nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return rows.Err()
}
