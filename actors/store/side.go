package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/clawdbot/gateway/actors/file"
)

// fenceBucket holds, per side database, how often it was opened: the fencing token of the handle that is in force.
const fenceBucket = "fence"

// sideConns bounds the connections of a side database; all but one go away when they are idle.
const sideConns = 8

// SideExists says whether a side database was ever made.
func (s *Store) SideExists(name string) bool {
	_, err := os.Stat(s.sidePath(name))
	return err == nil
}

func (s *Store) sidePath(name string) string {
	return filepath.Join(s.opts.Dir, filepath.Base(name)+".db")
}

// OpenSide opens <name>.db beside the gateway's own database, for a library that keeps its own tables. The token that
// it raises in the store is on disk before the handle is there; whatever an older handle is asked afterwards fails with
// stale, also the commit of a transaction that it had begun before.
func (s *Store) OpenSide(ctx context.Context, name string, stale error) (*sql.DB, error) {
	token, current, err := s.raise(ctx, name)
	if err != nil {
		return nil, err
	}
	path := s.sidePath(name)
	if err := prepareDatabaseFile(path); err != nil {
		return nil, err
	}
	dsn := address(path, url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-512)", "temp_store(MEMORY)",
	}})
	db := sql.OpenDB(&fencedConnector{dsn: dsn, valid: func() error {
		if current.Load() != token {
			return stale
		}
		return nil
	}})
	db.SetMaxOpenConns(sideConns)
	db.SetMaxIdleConns(1)
	db.SetConnMaxIdleTime(time.Minute)
	return db, nil
}

// RemoveSide fences off every handle of a side database and deletes its files.
func (s *Store) RemoveSide(ctx context.Context, name string) error {
	if _, _, err := s.raise(ctx, name); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(s.sidePath(name) + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove database: %w", err)
		}
	}
	return file.SyncDir(s.opts.Dir)
}

// raise makes a new fencing token the one in force, first on disk and then here.
func (s *Store) raise(ctx context.Context, name string) (token int64, current *atomic.Int64, err error) {
	err = s.Do(ctx, func(tx *Tx) error {
		raw, found, err := tx.Get(fenceBucket, name)
		if err != nil {
			return err
		}
		var last int64
		if found {
			if last, err = strconv.ParseInt(string(raw), 10, 64); err != nil {
				return fmt.Errorf("fencing token of %s: %w", name, err)
			}
		}
		token = last + 1
		return tx.Put(fenceBucket, name, strconv.AppendInt(nil, token, 10))
	})
	if err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fences == nil {
		s.fences = map[string]*atomic.Int64{}
	}
	if current = s.fences[name]; current == nil {
		current = &atomic.Int64{}
		s.fences[name] = current
	}
	current.Store(max(token, current.Load())) // two that open at once: the one with the higher token is the last
	return token, current, nil
}

// fencedConnector makes connections that do nothing once they are fenced off.
type fencedConnector struct {
	dsn   string
	valid func() error
}

func (c *fencedConnector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c *fencedConnector) Connect(context.Context) (driver.Conn, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(sqliteConn)
	if !ok {
		_ = conn.Close()
		return nil, errors.New("the SQLite driver has changed")
	}
	return &fencedConn{full, c.valid}, nil
}

// sqliteConn is what the driver's connections can do and database/sql makes use of.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

// fencedConn checks the fence before each statement. A prepared statement is checked where it is prepared: the libraries
// that use side databases prepare none.
type fencedConn struct {
	sqliteConn
	valid func() error
}

func (c *fencedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	return c.sqliteConn.ExecContext(ctx, query, args)
}

func (c *fencedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	return c.sqliteConn.QueryContext(ctx, query, args)
}

func (c *fencedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	return c.sqliteConn.PrepareContext(ctx, query)
}

func (c *fencedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.valid(); err != nil {
		return nil, err
	}
	tx, err := c.sqliteConn.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return &fencedTx{tx, c.valid}, nil
}

type fencedTx struct {
	driver.Tx
	valid func() error
}

func (t *fencedTx) Commit() error {
	if err := t.valid(); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}
