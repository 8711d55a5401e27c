package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/file"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// keepSnapshots is how many copies from before migrations stay in backups/.
const keepSnapshots = 5

// migrator brings a database to the newest schema: one numbered SQL file per version, the version in user_version.
type migrator struct {
	db      *sql.DB
	path    string
	backups string   // folder
	steps   []string // steps[i] leads from version i to i+1
	log     *slog.Logger
	now     func() time.Time
	fault   func(stage string) error
}

// embeddedSteps reads the migrations of this program. They are named NNNN_subject.sql, from 0001 without a gap.
func embeddedSteps(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	steps := make([]string, 0, len(names))
	for i, name := range names {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(filepath.Base(name), want) {
			return nil, fmt.Errorf("migration %s: its name must begin with %s", name, want)
		}
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps = append(steps, string(b))
	}
	return steps, nil
}

// run checks the database and migrates it. A database that exists is copied first.
func (m *migrator) run(ctx context.Context) error {
	have, err := m.inspect(ctx)
	if err != nil {
		return classify(m.path, err)
	}
	if have > len(m.steps) {
		return &VersionError{Path: m.path, Have: have, Known: len(m.steps)}
	}
	if have == len(m.steps) {
		return nil
	}
	var snapshot string
	if have > 0 {
		if snapshot, err = m.snapshot(ctx, have); err != nil {
			return classify(m.path, fmt.Errorf("snapshot before migration: %w", err))
		}
		m.log.Info("database snapshot taken", "file", snapshot)
	}
	if to, err := m.migrate(ctx, have); err != nil {
		return &MigrationError{To: to, Snapshot: snapshot, Err: classify(m.path, err)}
	}
	if have > 0 { // a new one needs no word of it
		m.log.Info("database migrated", "from", have, "to", len(m.steps))
	}
	return nil
}

// inspect reads the schema version and the first page of every table, which is as much proof of health as a start
// can afford; a full check reads the whole file.
func (m *migrator) inspect(ctx context.Context) (version int, err error) {
	if err := m.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	tables, err := m.tables(ctx)
	if err != nil {
		return 0, fmt.Errorf("read schema: %w", err)
	}
	if version == 0 && len(tables) > 0 {
		return 0, &CorruptError{Path: m.path, Err: errors.New("it holds tables that are not a gateway's")}
	}
	for _, t := range tables {
		rows, err := m.db.QueryContext(ctx, `SELECT 1 FROM "`+strings.ReplaceAll(t, `"`, `""`)+`" LIMIT 1`)
		if err != nil {
			return 0, fmt.Errorf("read table %s: %w", t, err)
		}
		rows.Next()
		if err := firstError(rows.Err(), rows.Close()); err != nil {
			return 0, fmt.Errorf("read table %s: %w", t, err)
		}
	}
	return version, nil
}

func (m *migrator) tables(ctx context.Context) (names []string, err error) {
	rows, err := m.db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// migrate runs all migrations from a version on, together with the new version number: all or none, so that the program from before
// finds its database as it left it. to is the version that could not be reached.
func (m *migrator) migrate(ctx context.Context, from int) (to int, err error) {
	to = from + 1
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return to, err
	}
	defer tx.Rollback() // has no effect after Commit
	for ; to <= len(m.steps); to++ {
		if _, err := tx.ExecContext(ctx, m.steps[to-1]); err != nil {
			return to, err
		}
		if err := m.fault("migrate"); err != nil {
			return to, err
		}
	}
	to = len(m.steps)
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", to)); err != nil {
		return to, err
	}
	return to, tx.Commit()
}

// snapshot copies the database as one file and keeps the newest few of such copies.
func (m *migrator) snapshot(ctx context.Context, version int) (path string, err error) {
	if err := privateDir(m.backups); err != nil {
		return "", err
	}
	name := fmt.Sprintf("gateway-v%d-%s.db", version, m.now().UTC().Format(stampFormat))
	path = filepath.Join(m.backups, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // SQLite accepts an empty file, and it is private
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	if _, err := m.db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	if err := firstError(syncFile(path), file.SyncDir(m.backups)); err != nil {
		return "", err
	}
	return path, m.prune()
}

// prune deletes the oldest snapshots, by the time in their names.
func (m *migrator) prune() error {
	old, err := filepath.Glob(filepath.Join(m.backups, "gateway-v*-*.db"))
	if err != nil {
		return err
	}
	stamp := func(path string) string { return path[strings.LastIndexByte(path, '-')+1:] }
	slices.SortFunc(old, func(a, b string) int { return strings.Compare(stamp(b), stamp(a)) })
	for _, path := range old[min(keepSnapshots, len(old)):] {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
