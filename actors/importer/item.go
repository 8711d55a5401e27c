package importer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/store"
)

// kind of a file that is read line by line.
type kind string

const (
	transcript kind = "transcript"
	runLog     kind = "runs"
)

// item is a file of the plan, and how far it has come over. Its JSON is a value in the store.
type item struct {
	Kind   kind     `json:"kind"`
	ID     string   `json:"id"`             // of the session, or of the job
	Keys   []string `json:"keys,omitempty"` // of the sessions whose transcript it is
	Folder string   `json:"folder"`
	Name   string   `json:"name"`
	At     int64    `json:"at"` // what was updated last comes first

	Position int64            `json:"position"` // bytes
	Line     int64            `json:"line"`
	Came     int64            `json:"came"`
	Left     map[string]*left `json:"left,omitempty"`    // by reason
	Others   map[string]int64 `json:"others,omitempty"`  // lines that are no messages, by type
	Problem  string           `json:"problem,omitempty"` // why the rest was not read
	Done     bool             `json:"done,omitempty"`

	was []byte // its value in the store
}

// left are lines that stay behind for one reason.
type left struct {
	Count int64   `json:"count"`
	First []int64 `json:"first"` // numbers of the first few
}

const shownLines = 10

func (it *item) file() file     { return file{it.Folder, it.Name} }
func (it *item) stored() string { return string(it.Kind) + "/" + it.ID }

func (it *item) leave(reason string) {
	if it.Left == nil {
		it.Left = map[string]*left{}
	}
	l := it.Left[reason]
	if l == nil {
		l = &left{}
		it.Left[reason] = l
	}
	if l.Count++; len(l.First) < shownLines {
		l.First = append(l.First, it.Line)
	}
}

// order of the plan: the logs of jobs, which are short, then what was said last.
func order(a, b *item) int {
	if a.Kind != b.Kind {
		return strings.Compare(string(a.Kind), string(b.Kind)) // "runs" before "transcript"
	}
	if a.At != b.At {
		if a.At > b.At {
			return -1
		}
		return 1
	}
	return strings.Compare(a.ID, b.ID)
}

// runID names a run that the other gateway has logged: the same line has the same name.
func runID(job string, at, ts int64) string {
	return store.ImportedRun + job + ":" + strconv.FormatInt(at, 10) + ":" + strconv.FormatInt(ts, 10)
}

// Limits of a chunk. It is one operation of the store among others, and must not hold them up.
const (
	chunkRows  = 256
	chunkBytes = 1 << 20
	// chunkLines bounds lines that make no row.
	chunkLines = 4096
)

// chunk is what one commit brings over.
type chunk struct {
	lines []store.Line
	runs  []store.CronRun
	items []*item // as they are afterwards
	read  int     // lines, of any kind
	bytes int
}

func (c *chunk) full() bool {
	return len(c.lines)+len(c.runs) >= chunkRows || c.bytes >= chunkBytes || c.read >= chunkLines
}

// fill reads on in these files, in turn, until the chunk is full. They are not changed: the chunk has copies.
func fill(ctx context.Context, queue []*item) (*chunk, error) {
	c := &chunk{}
	for _, it := range queue {
		if c.full() {
			break
		}
		next := it.clone()
		c.items = append(c.items, next)
		if err := next.readOn(ctx, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (it *item) clone() *item {
	c := *it
	c.Left, c.Others = nil, nil
	for reason, l := range it.Left {
		if c.Left == nil {
			c.Left = map[string]*left{}
		}
		c.Left[reason] = &left{l.Count, slices.Clone(l.First)}
	}
	for kind, n := range it.Others {
		if c.Others == nil {
			c.Others = map[string]int64{}
		}
		c.Others[kind] = n
	}
	return &c
}

// readOn reads from where the item is. Only the end of ctx is an error: what is wrong with the file is noted.
func (it *item) readOn(ctx context.Context, c *chunk) error {
	h, size, err := it.file().open()
	if err != nil {
		it.Done = true
		if !errors.Is(err, fs.ErrNotExist) || it.Kind != transcript || it.Position > 0 {
			it.Problem = why(err)
		}
		return nil
	}
	defer h.Close()
	if size < it.Position {
		it.Done, it.Problem = true, "has become shorter; the rest was not read"
		return nil
	}
	r := bufio.NewReaderSize(io.NewSectionReader(h, it.Position, size-it.Position), 64<<10)
	for !c.full() {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, n, err := readLine(r)
		if err != nil {
			it.Done = true
			if !errors.Is(err, io.EOF) {
				it.Problem = why(err)
			}
			return nil
		}
		it.take(line, n, c)
	}
	return nil
}

func (it *item) take(line []byte, n int64, c *chunk) {
	it.Position += n
	it.Line++
	c.read++
	p := it.parse(line)
	switch {
	case p.left != "":
		it.leave(p.left)
	case p.kind != "":
		if it.Others == nil {
			it.Others = map[string]int64{}
		}
		if _, known := it.Others[p.kind]; !known && len(it.Others) >= 20 {
			p.kind = "unknown"
		}
		it.Others[p.kind]++
	case p.line != nil:
		it.Came++
		c.lines = append(c.lines, *p.line)
		c.bytes += len(p.line.Message)
	case p.run != nil:
		it.Came++
		c.runs = append(c.runs, *p.run)
		c.bytes += len(line)
	}
}
