package bridge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// ErrMemory says that all lines that are being read take more memory together than they may.
var ErrMemory = errors.New("too much data is being received at one time; try again")

// LineTooLong says that a line has no end within the limit, in bytes.
type LineTooLong struct{ Limit int }

func (e *LineTooLong) Error() string { return fmt.Sprintf("line is longer than %d bytes", e.Limit) }

// Budget bounds the memory of long lines over all connections. A nil Budget has no bound.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{max: bytes} }

// Claim takes n bytes, or tells that they are not there. What was claimed must be given back with Release.
func (b *Budget) Claim(n int) bool {
	if b == nil {
		return true
	}
	if b.used.Add(int64(n)) > b.max {
		b.used.Add(int64(-n))
		return false
	}
	return true
}

// Release gives n bytes back.
func (b *Budget) Release(n int) {
	if b != nil {
		b.used.Add(int64(-n))
	}
}

// Used is how many bytes are claimed.
func (b *Budget) Used() int64 { return b.used.Load() }

const (
	idleBuffer = 1 << 10  // of a connection that says little
	freeBuffer = 64 << 10 // up to which a buffer is not claimed from the budget
)

// LineReader cuts a stream of bytes into lines at 0x0A, whatever the pieces that it arrives in. It is for one goroutine but
// for SetLimit.
type LineReader struct {
	r      io.Reader
	limit  atomic.Int64
	budget *Budget

	buf        []byte
	start, end int // of what is read and not yet returned
	searched   int // up to where there is no newline
	claimed    int // bytes of the budget
}

// NewLineReader reads lines of at most limit bytes from r. Long ones claim from the budget, which may be nil.
func NewLineReader(r io.Reader, limit int, budget *Budget) *LineReader {
	l := &LineReader{r: r, budget: budget}
	l.SetLimit(limit)
	return l
}

// SetLimit changes the length of the longest line. It may be called from any goroutine.
func (l *LineReader) SetLimit(limit int) { l.limit.Store(int64(limit)) }

// ReadLine returns the next line that is not blank, without white space at its ends. It is valid until the next call.
// Bytes without a newline at the end of the stream are no line. The error is one of the stream, a *LineTooLong or
// ErrMemory; after it the reader is of no more use.
func (l *LineReader) ReadLine() ([]byte, error) {
	for {
		limit := int(l.limit.Load())
		if i := bytes.IndexByte(l.buf[l.searched:l.end], '\n'); i >= 0 {
			at := l.searched + i
			line := l.buf[l.start:at]
			l.start, l.searched = at+1, at+1
			if len(line) > limit {
				return nil, &LineTooLong{limit}
			}
			if line = bytes.TrimSpace(line); len(line) > 0 {
				return line, nil
			}
			continue
		}
		l.searched = l.end
		if l.end-l.start > limit {
			return nil, &LineTooLong{limit}
		}
		if err := l.fill(limit); err != nil {
			return nil, err
		}
	}
}

// fill makes room and reads once.
func (l *LineReader) fill(limit int) error {
	var err error
	switch have := l.end - l.start; {
	case have == 0 && len(l.buf) != idleBuffer:
		err = l.resize(idleBuffer)
	case len(l.buf) > freeBuffer && have < len(l.buf)/4:
		err = l.resize(max(idleBuffer, 2*have))
	case l.end < len(l.buf):
	case have < len(l.buf)/2:
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start, l.searched = 0, l.end
	default:
		err = l.resize(min(2*len(l.buf), limit+1))
	}
	if err != nil {
		return err
	}
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// resize moves what is not yet returned to a buffer of another size.
func (l *LineReader) resize(size int) error {
	claim := 0
	if size > freeBuffer {
		claim = size
	}
	if claim > l.claimed && !l.budget.Claim(claim-l.claimed) {
		return ErrMemory
	}
	if claim < l.claimed {
		l.budget.Release(l.claimed - claim)
	}
	l.claimed = claim
	buf := make([]byte, size)
	l.end = copy(buf, l.buf[l.start:l.end])
	l.buf, l.start, l.searched = buf, 0, l.end
	return nil
}

// Close gives back what the reader has of the budget.
func (l *LineReader) Close() {
	l.budget.Release(l.claimed)
	l.claimed = 0
}
