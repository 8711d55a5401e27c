package providertest

import (
	"context"
	"sync"

	"github.com/clawdbot/gateway/providers"
)

// NewCursor is a providers.Cursor in memory. Give it to the next provider too, and it has survived a restart.
func NewCursor() providers.Cursor { return &memory{values: map[string]string{}} }

type memory struct {
	mu     sync.Mutex
	values map[string]string // guarded by mu
}

func (m *memory) Get(ctx context.Context, key string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], ctx.Err()
}

func (m *memory) Set(ctx context.Context, key, value string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if value == "" {
		delete(m.values, key)
		return nil
	}
	m.values[key] = value
	return nil
}
