package jobs

import (
	"strings"
	"sync"
)

// tail keeps the last part of what is written to it.
type tail struct {
	mu    sync.Mutex
	keep  int // bytes
	buf   []byte
	total int64 // bytes written so far
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	t.total += int64(n)
	if len(p) > t.keep {
		p = p[len(p)-t.keep:]
	}
	if len(t.buf)+len(p) > 2*t.keep { // moved seldom, so that a byte is copied twice at most
		t.buf = t.buf[:copy(t.buf, t.buf[len(t.buf)-min(t.keep, len(t.buf)):])]
	}
	t.buf = append(t.buf, p...)
	return n, nil
}

// since is what was written after the first at bytes, as far as it is kept, and how much was written so far. skipped says how
// many bytes in between are gone.
func (t *tail) since(at int64) (text string, total, skipped int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.buf[len(t.buf)-min(t.keep, len(t.buf)):]
	first := t.total - int64(len(kept))
	if at < first {
		skipped, at = first-at, first
	}
	b := kept[min(at-first, int64(len(kept))):]
	if skipped > 0 { // not in the middle of a character
		for i := 0; i < 4 && len(b) > 0 && b[0]&0xc0 == 0x80; i++ {
			b = b[1:]
			skipped++
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), t.total, skipped
}
