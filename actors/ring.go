package actors

import "time"

// item is one queued message.
type item struct {
	msg  any
	lazy *lazy        // if set, makes the message when its turn has come
	in   *incarnation // if set, the only one that may have the message
	key  string       // coalesce key
	size int64
	at   time.Duration // when it was queued, on the system's clock
}

// lazy is what a Pipe, a timer or a watch queues. Both functions run once at most, and one of them.
type lazy struct {
	make func() (m any, ok bool) // on the actor's goroutine; not ok: changed its mind
	drop func()                  // if the incarnation is over; nil: nothing to do; must not block

	exempt bool // not to be touched by fault injection
}

func newItem(m any) item {
	it := item{msg: m, size: defaultMsgSize}
	if s, ok := m.(interface{ Size() int }); ok {
		it.size = int64(max(s.Size(), 0))
	}
	if k, ok := m.(interface{ CoalesceKey() string }); ok {
		it.key = k.CoalesceKey()
	}
	return it
}

func (it *item) exempt() bool { return it.lazy != nil && it.lazy.exempt }

// discard answers for an item that will not be handled.
func (it *item) discard(path string) {
	if it.lazy == nil {
		discard(it.msg, path, ErrStopped)
	} else if it.lazy.drop != nil {
		it.lazy.drop()
	}
}

// Ring sizes: the first allocation, and what an empty ring may keep.
const (
	ringMin  = 4
	ringKeep = 64
)

// ring is a FIFO queue of items that can replace one in the middle by its key.
type ring struct {
	buf   []item // length zero or a power of two
	head  uint64 // absolute index of the first item; the place in buf is head&(len-1)
	n     int
	bytes int64
	keys  map[string]uint64 // absolute index of the item with that key
}

func (r *ring) at(i uint64) *item { return &r.buf[i&uint64(len(r.buf)-1)] }

func (r *ring) push(it item) {
	if r.n == len(r.buf) {
		buf := make([]item, max(ringMin, 2*len(r.buf)))
		for i := r.head; i < r.head+uint64(r.n); i++ {
			buf[i&uint64(len(buf)-1)] = *r.at(i)
		}
		r.buf = buf
	}
	i := r.head + uint64(r.n)
	*r.at(i) = it
	r.n++
	r.bytes += it.size
	if it.key != "" {
		if r.keys == nil {
			r.keys = map[string]uint64{}
		}
		r.keys[it.key] = i
	}
}

func (r *ring) pop() item {
	p := r.at(r.head)
	it := *p
	*p = item{}
	r.head++
	r.n--
	r.bytes -= it.size
	if it.key != "" {
		delete(r.keys, it.key)
	}
	return it
}

// find returns the queued item with that key, or nil.
func (r *ring) find(key string) *item {
	if key == "" {
		return nil
	}
	if i, ok := r.keys[key]; ok {
		return r.at(i)
	}
	return nil
}

// replace puts it in old's place. Its age stays: the work has waited since then.
func (r *ring) replace(old *item, it item) {
	r.bytes += it.size - old.size
	it.at = old.at
	*old = it
}

// shrink gives back the memory of a burst. The ring is empty.
func (r *ring) shrink() {
	if len(r.buf) > ringKeep {
		r.buf = nil
	}
	if len(r.keys) == 0 {
		r.keys = nil
	}
}

func (r *ring) takeAll() []item {
	all := make([]item, 0, r.n)
	for r.n > 0 {
		all = append(all, r.pop())
	}
	r.buf, r.keys = nil, nil
	return all
}
