package account

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// vault is the link's providers.Vault, and what makes WhatsApp's session a singleton. Three things keep a second one away:
// in this gateway a Run begins when the one before has returned; in this state directory the store fences off older
// handles of the credentials; on this host a lock outside of every state directory goes by the identity, which a copied
// database has in common with its original.
type vault struct{ l *link }

// lease is what stands in the lock file.
type lease struct {
	PID      int    `json:"pid"`
	Host     string `json:"host"`
	StateDir string `json:"stateDir"`
	Since    int64  `json:"sinceMs"`
}

func (v vault) Exists(name string) bool { return v.l.o.Store.SideExists(name) }

func (v vault) Open(ctx context.Context, name string) (*sql.DB, error) {
	if v.l.stale.Load() {
		return nil, errStale
	}
	return v.l.o.Store.OpenSide(ctx, name, providers.ErrFenced)
}

func (v vault) Remove(ctx context.Context, name string) error {
	if v.l.stale.Load() {
		return errStale
	}
	return v.l.o.Store.RemoveSide(ctx, name)
}

// Hold takes the identity's lock. The name of its file does not tell whose it is.
func (v vault) Hold(identity string) (release func(), err error) {
	l := v.l
	if l.stale.Load() {
		return nil, errStale
	}
	if err := os.MkdirAll(l.o.LockDir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of locks: %w", err)
	}
	hash := sha256.Sum256([]byte(identity))
	path := filepath.Join(l.o.LockDir, l.surface+"-"+hex.EncodeToString(hash[:12])+".lock")
	host, _ := os.Hostname()
	mine := lease{PID: os.Getpid(), Host: host, StateDir: l.o.StateDir, Since: l.o.Now().UnixMilli()}
	line, err := wire.Marshal(mine)
	if err != nil {
		return nil, fmt.Errorf("describe the lock: %w", err)
	}
	unlock, err := store.HoldFile(path, string(line))
	if locked, ok := errors.AsType[*store.LockedError](err); ok {
		var theirs lease
		_ = wire.Unmarshal([]byte(locked.Holder), &theirs) // it may not have written yet
		held := &providers.HeldError{Holder: theirs.holder()}
		l.holder.Store(&held.Holder)
		return nil, held
	}
	if err != nil {
		return nil, err
	}
	h := mine.holder()
	h.Ours = true
	l.holder.Store(&h)
	return func() {
		l.holder.CompareAndSwap(&h, nil)
		_ = unlock() // the lock goes with the file handle, whatever else fails
	}, nil
}

func (l lease) holder() providers.Holder {
	return providers.Holder{PID: l.PID, Host: l.Host, StateDir: l.StateDir, Since: time.UnixMilli(l.Since)}
}
