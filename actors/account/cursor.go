package account

import (
	"context"
	"fmt"

	"github.com/clawdbot/gateway/actors/store"
)

const cursorBucket = "cursor"

// cursor is the link's providers.Cursor. The rows outlive the link: the next one goes on from there.
type cursor struct{ l *link }

// key keeps accounts apart: a zero byte stands in no account's name.
func (c cursor) key(key string) string { return c.l.account + "\x00" + key }

func (c cursor) Get(ctx context.Context, key string) (value string, err error) {
	err = c.l.o.Store.View(ctx, func(v *store.View) error {
		b, _, err := v.Get(cursorBucket, c.key(key))
		value = string(b)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read cursor: %w", err)
	}
	return value, nil
}

func (c cursor) Set(ctx context.Context, key, value string) error {
	err := c.l.o.Store.Do(ctx, func(tx *store.Tx) error {
		switch {
		case c.l.stale.Load(): // a predecessor must not turn back what its successor has written
			return errStale
		case value == "":
			return tx.Delete(cursorBucket, c.key(key))
		}
		return tx.Put(cursorBucket, c.key(key), []byte(value))
	})
	if err != nil {
		return fmt.Errorf("store cursor: %w", err)
	}
	return nil
}
