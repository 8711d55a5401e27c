package slack

import (
	"container/list"
	"sync"
	"time"
)

// cache keeps the values used last, at most max of them, each for ttl at most (0 = for as long as there is room).
// It is safe for concurrent use.
type cache[V any] struct {
	max int
	ttl time.Duration

	mu    sync.Mutex
	order list.List // of *entry[V], the one used last in front; guarded by mu
	items map[string]*list.Element
}

type entry[V any] struct {
	key   string
	value V
	at    time.Time
}

func newCache[V any](limit int, ttl time.Duration) *cache[V] {
	return &cache[V]{max: limit, ttl: ttl, items: map[string]*list.Element{}}
}

func (c *cache[V]) get(key string, now time.Time) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, found := c.items[key]
	if !found {
		return v, false
	}
	it := e.Value.(*entry[V])
	if c.ttl > 0 && now.Sub(it.at) > c.ttl {
		c.order.Remove(e)
		delete(c.items, key)
		return v, false
	}
	c.order.MoveToFront(e)
	return it.value, true
}

func (c *cache[V]) put(key string, v V, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, found := c.items[key]; found {
		e.Value = &entry[V]{key, v, now}
		c.order.MoveToFront(e)
		return
	}
	c.items[key] = c.order.PushFront(&entry[V]{key, v, now})
	for len(c.items) > c.max {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.items, last.Value.(*entry[V]).key)
	}
}
