package whatsapp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
)

// credentials are whatsapp.db, opened: the library's tables and one of ours.
type credentials struct {
	*sqlstore.Container
	db   *sql.DB
	once sync.Once
}

// open opens the credentials of a linked device. Without any there is no file, and none is made.
func (p *Provider) open(ctx context.Context) (*credentials, error) {
	if !p.env.Vault.Exists(database) {
		return nil, errNotLinked
	}
	return p.create(ctx)
}

// create is open for a device that is to be linked.
func (p *Provider) create(ctx context.Context) (*credentials, error) {
	db, err := p.env.Vault.Open(ctx, database)
	if err != nil {
		return nil, fmt.Errorf("open the WhatsApp credentials: %w", err)
	}
	c := &credentials{Container: sqlstore.NewWithDB(db, "sqlite", quiet{p.env.Log}), db: db}
	err = c.Upgrade(ctx)
	if err == nil {
		_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS clawdbot_link (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`)
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("open the WhatsApp credentials: %w", err)
	}
	return c, nil
}

// close may be called more than once.
func (c *credentials) close() { c.once.Do(func() { _ = c.db.Close() }) }

// device is the linked device, nil when there is none.
func (c *credentials) device(ctx context.Context) (*store.Device, error) {
	all, err := c.GetAllDevices(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the WhatsApp credentials: %w", err)
	}
	for _, d := range all {
		if d.ID != nil && !d.ID.IsEmpty() {
			return d, nil
		}
	}
	return nil, nil
}

// linkedAt is when the device was linked, ms; 0 = nobody knows.
func (c *credentials) linkedAt(ctx context.Context) int64 {
	var text string
	if c.db.QueryRowContext(ctx, `SELECT value FROM clawdbot_link WHERE key = 'linkedAt'`).Scan(&text) != nil {
		return 0
	}
	ms, _ := strconv.ParseInt(text, 10, 64)
	return ms
}

// keepOnly makes device the only one, linked at a time.
func (c *credentials) keepOnly(ctx context.Context, device *store.Device, at int64) error {
	all, err := c.GetAllDevices(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.ID != nil && *d.ID != *device.ID {
			err = errors.Join(err, c.DeleteDevice(ctx, d))
		}
	}
	_, e := c.db.ExecContext(ctx, `INSERT INTO clawdbot_link (key, value) VALUES ('linkedAt', ?)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, strconv.FormatInt(at, 10))
	return errors.Join(err, e)
}
