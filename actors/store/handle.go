package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// handle is one SQLite connection with its prepared statements. One goroutine uses it at a time.
type handle struct {
	path    string
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt // by query text; all of them are constants of this package
	written int64                // bytes bound by exec since the owner reset it
}

// openWriter and openReaders only make pools; the first connection is made when it is needed.
func openWriter(path string) (*sql.DB, error) {
	return openPool(path, 1, url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)",
		"wal_autocheckpoint(0)", "temp_store(MEMORY)",
	}})
}

func openReaders(path string) (*sql.DB, error) {
	return openPool(path, readConns, url.Values{"mode": {"ro"}, "_query_only": {"1"}, "_pragma": {
		"busy_timeout(5000)", "temp_store(MEMORY)",
	}})
}

func openPool(path string, conns int, params url.Values) (*sql.DB, error) {
	db, err := sql.Open("sqlite", address(path, params))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// address names a database file as SQLite wants it: file:///C:/dir/x.db, where there are drives.
func address(path string, params url.Values) string {
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: params.Encode()}).String()
}

// newHandle pins one connection of db.
func newHandle(db *sql.DB, path string) (*handle, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, classify(path, fmt.Errorf("open database: %w", err))
	}
	return &handle{path: path, conn: conn, stmts: make(map[string]*sql.Stmt)}, nil
}

// discard closes the connection for good, which rolls back what is open on it. The statements go first: SQLite keeps a
// connection that has some alive, with its transaction and its locks.
func (h *handle) discard() {
	for _, st := range h.stmts {
		_ = st.Close()
	}
	// ErrBadConn is how database/sql is told not to keep a connection; it comes back as the result.
	_ = h.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = h.conn.Close()
}

func (h *handle) prepare(query string) (*sql.Stmt, error) {
	if st, ok := h.stmts[query]; ok {
		return st, nil
	}
	st, err := h.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, classify(h.path, err)
	}
	h.stmts[query] = st
	return st, nil
}

// exec runs one statement. The statements here are short: no context reaches SQLite, whose driver would start a
// goroutine per statement to watch it.
func (h *handle) exec(query string, args ...any) (sql.Result, error) {
	st, err := h.prepare(query)
	if err != nil {
		return nil, err
	}
	for _, a := range args {
		switch a := a.(type) {
		case []byte:
			h.written += int64(len(a))
		case string:
			h.written += int64(len(a))
		}
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return nil, classify(h.path, err)
	}
	return res, nil
}

// change runs a statement and says how many rows it changed.
func (h *handle) change(query string, args ...any) (int64, error) {
	res, err := h.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row reads at most one row into dest and says whether there was one.
func (h *handle) row(query string, args []any, dest ...any) (bool, error) {
	st, err := h.prepare(query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, classify(h.path, err)
	}
	return true, nil
}

// list reads all rows of a query. fields gives the places of one T that a row's columns go to.
func list[T any](h *handle, fields func(*T) []any, query string, args ...any) ([]T, error) {
	var out []T
	err := each(h, fields, func(t T) (bool, error) {
		out = append(out, t)
		return true, nil
	}, query, args...)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each reads the rows of a query one at a time, until f wants no more or fails.
func each[T any](h *handle, fields func(*T) []any, f func(T) (more bool, err error), query string, args ...any) error {
	st, err := h.prepare(query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return classify(h.path, err)
	}
	defer rows.Close()
	for rows.Next() {
		var t T
		if err := rows.Scan(fields(&t)...); err != nil {
			return classify(h.path, err)
		}
		if more, err := f(t); err != nil || !more {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return classify(h.path, err)
	}
	return nil
}

// one reads the first row of a query; nil when there is none.
func one[T any](h *handle, fields func(*T) []any, query string, args ...any) (*T, error) {
	var t T
	found, err := h.row(query, args, fields(&t)...)
	if err != nil || !found {
		return nil, err
	}
	return &t, nil
}

// counts reads rows of (name, number).
func counts(h *handle, query string) (map[string]int, error) {
	type pair struct {
		name string
		n    int
	}
	rows, err := list(h, func(p *pair) []any { return []any{&p.name, &p.n} }, query)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int, len(rows))
	for _, p := range rows {
		out[p.name] = p.n
	}
	return out, nil
}

// classify gives the errors of SQLite the meaning they have for callers.
func classify(path string, err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &CorruptError{Path: path, Err: err}
	case sqlite3.SQLITE_FULL:
		return unavailable(fmt.Errorf("%w: %w", errNoRoom, err))
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return unavailable(err)
	}
	return err
}

// isUnique says that err is the violation of a unique index.
func isUnique(err error) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	return se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}
