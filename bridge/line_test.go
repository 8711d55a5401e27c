package bridge

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// pieces gives its text in pieces of n bytes.
type pieces struct {
	rest string
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	n := copy(b, p.rest[:min(p.n, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}

func readAll(l *LineReader) (lines []string, err error) {
	for {
		line, err := l.ReadLine()
		if err != nil {
			return lines, err
		}
		lines = append(lines, string(line))
	}
}

// TestReadLine_anyPieces: characters that are split between two packets arrive whole.
func TestReadLine_anyPieces(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä😀", 3000)
	in := "eins\n\r\n  \nzwei ä😀\r\n\t" + long + "\ndrei\nhalf"
	want := []string{"eins", "zwei ä😀", long, "drei"}
	for _, n := range []int{1, 2, 3, 7, 1023, 1024, 1025, 4096, len(in)} {
		got, err := readAll(NewLineReader(&pieces{in, n}, 1<<20, nil))
		if d := cmp.Diff(want, got); d != "" || !errors.Is(err, io.EOF) {
			t.Errorf("pieces of %d: %v\n%s", n, err, d)
		}
	}
}

func TestReadLine_limit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 10, 1023, 1024, 5000, 64 << 10, 100_000} {
		fits := strings.Repeat("x", limit)
		for _, n := range []int{1000, limit + 2} {
			if got, err := readAll(NewLineReader(&pieces{fits + "\n" + fits + "\n", n}, limit, nil)); len(got) != 2 || !errors.Is(err, io.EOF) {
				t.Errorf("limit %d: %d lines, %v", limit, len(got), err)
			}
			got, err := readAll(NewLineReader(&pieces{"a\n" + fits + "y\n", n}, limit, nil))
			if e, ok := errors.AsType[*LineTooLong](err); len(got) != 1 || !ok || e.Limit != limit {
				t.Errorf("limit %d, one more: %d lines, %v", limit, len(got), err)
			}
		}
	}
}

// endless has no newline, and counts what is taken of it.
type endless struct{ taken int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	e.taken += len(b)
	return len(b), nil
}

func TestReadLine_withoutEndTakesNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	e := &endless{}
	if _, err := NewLineReader(e, 64<<10, nil).ReadLine(); err == nil || e.taken > 64<<10+1 {
		t.Errorf("took %d bytes, %v", e.taken, err)
	}
}

func TestReadLine_limitMayGrow(t *testing.T) {
	t.Parallel()
	l := NewLineReader(strings.NewReader("short\n"+strings.Repeat("x", 1000)+"\n"), 10, nil)
	if line, err := l.ReadLine(); string(line) != "short" || err != nil {
		t.Fatal(line, err)
	}
	l.SetLimit(1000)
	if line, err := l.ReadLine(); len(line) != 1000 || err != nil {
		t.Fatal(len(line), err)
	}
}

// TestBudget: long lines of all connections share it; short ones do without.
func TestBudget(t *testing.T) {
	t.Parallel()
	budget := NewBudget(1 << 20)
	first := NewLineReader(io.MultiReader(strings.NewReader(strings.Repeat("x", 600<<10)), iotest.ErrReader(io.ErrClosedPipe)), 1<<20, budget)
	if _, err := first.ReadLine(); !errors.Is(err, io.ErrClosedPipe) || budget.Used() < 600<<10 {
		t.Fatalf("%v, %d bytes claimed", err, budget.Used())
	}
	second := NewLineReader(strings.NewReader("short\n"+strings.Repeat("y", 300<<10)+"\n"), 1<<20, budget)
	if line, err := second.ReadLine(); string(line) != "short" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := second.ReadLine(); !errors.Is(err, ErrMemory) {
		t.Fatalf("a line that does not fit: %v", err)
	}
	second.Close()
	first.Close()
	if budget.Used() != 0 {
		t.Fatalf("%d bytes are still claimed", budget.Used())
	}
	third := NewLineReader(strings.NewReader(strings.Repeat("z", 300<<10)+"\nshort\n"), 1<<20, budget)
	if line, err := third.ReadLine(); len(line) != 300<<10 || err != nil {
		t.Fatal(len(line), err)
	}
	if line, err := third.ReadLine(); string(line) != "short" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := third.ReadLine(); !errors.Is(err, io.EOF) || budget.Used() != 0 || len(third.buf) > freeBuffer { // given back before it waits for more
		t.Errorf("%v; a buffer of %d bytes is kept, %d bytes are claimed", err, len(third.buf), budget.Used())
	}
}

func FuzzReadLine(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n c"), uint16(3), uint16(100))
	f.Add(bytes.Repeat([]byte("x"), 5000), uint16(1000), uint16(4000))
	f.Fuzz(func(t *testing.T, in []byte, n, limit uint16) {
		budget := NewBudget(1 << 30)
		l := NewLineReader(&pieces{string(in), int(n) + 1}, int(limit), budget)
		got, err := readAll(l)
		l.Close()
		if budget.Used() != 0 {
			t.Fatalf("%d bytes claimed", budget.Used())
		}
		var want []string
		parts := bytes.Split(in, []byte("\n"))
		for i, part := range parts {
			if len(part) > int(limit) {
				if _, ok := errors.AsType[*LineTooLong](err); !ok {
					t.Fatalf("part %d has %d bytes of %d: %v", i, len(part), limit, err)
				}
				break
			}
			if part = bytes.TrimSpace(part); len(part) > 0 && i < len(parts)-1 {
				want = append(want, string(part))
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}
