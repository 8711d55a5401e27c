package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxLines   = 2000      // of one answer
	maxText    = 50 << 10  // bytes of one answer
	maxLine    = 2000      // bytes of a line that are shown
	maxFile    = 256 << 20 // bytes of a file that is read line by line
	maxPicture = 5 << 20   // bytes; what vendors take
)

// pictures are the types that models are shown.
var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

type readArgs struct {
	Path   string `json:"path"`
	Offset int    `json:"offset"` // the first line, from 1
	Limit  int    `json:"limit"`
}

// Read shows a file: the lines of a text with their numbers, or a picture.
func (j Jail) Read(ctx context.Context, a readArgs) (wire.Raw, error) {
	s, err := j.find(a.Path, false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	f, info, err := j.regular(s)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 8<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, j.system(a.Path, err)
	}
	head = head[:n]
	mime := http.DetectContentType(head)
	switch {
	case pictures[mime]:
		return j.picture(a.Path, f, head, mime, info.Size())
	case binary(head):
		return nil, refuse(Binary, a.Path, "is not a text (%s, %d bytes)", mime, info.Size())
	case info.Size() > maxFile:
		return nil, refuse(Large, a.Path, "has %d bytes, at most %d are read; bash can cut it (head, tail, split)", info.Size(), maxFile)
	}
	return a.lines(ctx, io.MultiReader(bytes.NewReader(head), f))
}

// binary: there are zero bytes, or what is no text at all.
func binary(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return true
	}
	bad, all := 0, 0
	for len(head) > utf8.UTFMax { // the last character may be cut
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		all++
		head = head[n:]
	}
	return bad*10 > all*3
}

func (j Jail) picture(asked string, f *os.File, head []byte, mime string, size int64) (wire.Raw, error) {
	if size > maxPicture {
		return nil, refuse(Large, asked, "is a picture of %d bytes, at most %d are shown; make it smaller first", size, maxPicture)
	}
	rest, err := io.ReadAll(io.LimitReader(f, maxPicture))
	if err != nil {
		return nil, j.system(asked, err)
	}
	data := base64.StdEncoding.EncodeToString(append(head, rest...))
	return wire.Marshal(map[string]any{"content": []map[string]any{
		{"type": "text", "text": fmt.Sprintf("%s (%s, %d bytes)", asked, mime, size)},
		{"type": "image", "mimeType": mime, "data": data},
	}})
}

// lines shows what was asked for, as far as it fits, and says where it goes on.
func (a readArgs) lines(ctx context.Context, r io.Reader) (wire.Raw, error) {
	first, limit := max(1, a.Offset), a.Limit
	if limit <= 0 || limit > maxLines {
		limit = maxLines
	}
	var out strings.Builder
	in := bufio.NewReaderSize(r, 64<<10)
	number, shown, full := 0, 0, false
	for {
		line, rest, err := readLine(in)
		if err != nil && len(line) == 0 {
			break
		}
		number++
		if number%4096 == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if number < first || full {
			continue
		}
		text := fmt.Sprintf("%6d\t%s\n", number, display(line, rest))
		if shown == limit || out.Len()+len(text) > maxText {
			full = true
			continue
		}
		out.WriteString(text)
		shown++
	}
	switch {
	case number == 0:
		return wire.Marshal("(the file is empty)")
	case shown == 0:
		return wire.Marshal(fmt.Sprintf("(the file has %d lines; there is no line %d)", number, first))
	case full:
		fmt.Fprintf(&out, "(lines %d to %d of %d; go on with offset %d)\n", first, first+shown-1, number, first+shown)
	}
	return wire.Marshal(out.String())
}

// readLine reads a line without its end; rest is how many bytes of it were left out.
func readLine(in *bufio.Reader) (line []byte, rest int, err error) {
	for {
		part, err := in.ReadSlice('\n')
		take := min(len(part), maxLine+1-len(line))
		line = append(line, part[:take]...)
		rest += len(part) - take
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return line, rest, err
	}
}

func display(line []byte, rest int) string {
	s := strings.TrimRight(string(line), "\r\n")
	if len(s) > maxLine {
		rest += len(s) - maxLine
		s = s[:maxLine]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if rest > 1 { // more than the end of the line
		s += fmt.Sprintf(" …(%d more bytes)", rest)
	}
	return s
}
