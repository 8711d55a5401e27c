package whatsappfake

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"strconv"
	"strings"
)

// ScanImage is Scan of the picture that a client shows: a PNG as a data URL, as web.login.start answers it.
func (s *Server) ScanImage(ctx context.Context, dataURL string) error {
	raw, ok := strings.CutPrefix(dataURL, "data:image/png;base64,")
	if !ok {
		return errors.New("not a PNG as a data URL")
	}
	data, err := base64.StdEncoding.DecodeString(raw)
	if err != nil {
		return err
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	code, err := readQR(img)
	if err != nil {
		return err
	}
	return s.Scan(ctx, code)
}

// qrBlocks says, for error correction L, how the data of each version is cut: blocks of a size, and blocks of one more.
var qrBlocks = [...]struct{ blocks, size, longer int }{
	1: {1, 19, 0}, 2: {1, 34, 0}, 3: {1, 55, 0}, 4: {1, 80, 0}, 5: {1, 108, 0}, 6: {2, 68, 0}, 7: {2, 78, 0}, 8: {2, 97, 0},
	9: {2, 116, 0}, 10: {2, 68, 2}, 11: {4, 81, 0}, 12: {2, 92, 2}, 13: {4, 107, 0}, 14: {3, 115, 1}, 15: {5, 87, 1},
}

// qr is a code as a square of modules; true is dark.
type qr struct {
	n, version int
	dark       [][]bool
	fixed      [][]bool // patterns, not data
}

// readQR reads a clean, upright code of error correction L, as a program draws it: nothing is repaired.
func readQR(img image.Image) (string, error) {
	q, err := findQR(img)
	if err != nil {
		return "", err
	}
	q.markFixed()
	format := q.format()
	if level := format >> 3; level != 1 {
		return "", fmt.Errorf("the code's error correction is not L but %d", level)
	}
	return q.text(q.codewords(format & 7))
}

// findQR samples the middle of every module.
func findQR(img image.Image) (*qr, error) {
	b := img.Bounds()
	isDark := func(x, y int) bool {
		r, g, bl, _ := img.At(x, y).RGBA()
		return r+g+bl < 3*0x8000
	}
	box := image.Rectangle{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if isDark(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	run := 0 // the upper edge of a finder pattern is seven modules long
	for box.Min.X+run < box.Max.X && isDark(box.Min.X+run, box.Min.Y) {
		run++
	}
	if run < 7 || run%7 != 0 || box.Dx() != box.Dy() {
		return nil, errors.New("the picture has no code")
	}
	module := run / 7
	q := &qr{n: box.Dx() / module}
	q.version = (q.n - 17) / 4
	if q.n != 17+4*q.version || q.version < 1 || q.version >= len(qrBlocks) {
		return nil, fmt.Errorf("a code of %d modules", q.n)
	}
	for y := range q.n {
		q.dark = append(q.dark, make([]bool, q.n))
		q.fixed = append(q.fixed, make([]bool, q.n))
		for x := range q.n {
			q.dark[y][x] = isDark(box.Min.X+x*module+module/2, box.Min.Y+y*module+module/2)
		}
	}
	return q, nil
}

func (q *qr) markFixed() {
	mark := func(x0, y0, x1, y1 int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				q.fixed[y][x] = true
			}
		}
	}
	n := q.n
	mark(0, 0, 9, 9) // finders, with the format beside them
	mark(n-8, 0, n, 9)
	mark(0, n-8, 9, n)
	mark(6, 0, 7, n) // timing
	mark(0, 6, n, 7)
	if q.version >= 7 {
		mark(n-11, 0, n-8, 6)
		mark(0, n-11, 6, n-8)
	}
	at := q.alignments()
	for i, y := range at {
		for j, x := range at {
			last := len(at) - 1
			if i == 0 && (j == 0 || j == last) || i == last && j == 0 {
				continue // a finder is there
			}
			mark(x-2, y-2, x+3, y+3)
		}
	}
}

// alignments are the rows and columns of the alignment patterns: evenly spread, but for the first gap.
func (q *qr) alignments() (at []int) {
	if q.version == 1 {
		return nil
	}
	count := q.version/7 + 2
	step := (q.version*4 + 4 + (count-1)*2 - 1) / ((count - 1) * 2) * 2 // rounded up to an even number
	for k := range count - 1 {
		at = append([]int{q.n - 7 - k*step}, at...)
	}
	return append([]int{6}, at...)
}

// format is the five bits that say how the code is made.
func (q *qr) format() (bits int) {
	for _, p := range [][2]int{{0, 8}, {1, 8}, {2, 8}, {3, 8}, {4, 8}} { // columns of row 8
		bits <<= 1
		if q.dark[p[1]][p[0]] {
			bits |= 1
		}
	}
	return bits ^ 0b10101
}

var qrMasks = [8]func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 },
	func(_, y int) bool { return y%2 == 0 },
	func(x, _ int) bool { return x%3 == 0 },
	func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (x/3+y/2)%2 == 0 },
	func(x, y int) bool { return x*y%2+x*y%3 == 0 },
	func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 },
	func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

// codewords reads the data in columns of two, up and down from the right, and puts its blocks together again.
func (q *qr) codewords(mask int) []byte {
	var stream []byte
	var bits, count int
	for right := q.n - 1; right > 0; right -= 2 {
		if right == 6 {
			right--
		}
		for k := range q.n {
			y := k
			if (right+1)&2 == 0 {
				y = q.n - 1 - k
			}
			for x := right; x > right-2; x-- {
				if q.fixed[y][x] {
					continue
				}
				bits <<= 1
				if q.dark[y][x] != qrMasks[mask](x, y) {
					bits |= 1
				}
				if count++; count%8 == 0 {
					stream = append(stream, byte(bits))
				}
			}
		}
	}
	cut := qrBlocks[q.version]
	blocks := make([][]byte, cut.blocks+cut.longer)
	for i := range cut.size + 1 {
		for k := range blocks {
			if (i < cut.size || k >= cut.blocks) && len(stream) > 0 {
				blocks[k] = append(blocks[k], stream[0])
				stream = stream[1:]
			}
		}
	}
	return bytes.Join(blocks, nil)
}

const qrAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// text reads the segments of the data.
func (q *qr) text(data []byte) (string, error) {
	var out strings.Builder
	pos := 0
	take := func(n int) (v int) {
		for range n {
			v <<= 1
			if pos < len(data)*8 && data[pos/8]>>(7-pos%8)&1 == 1 {
				v |= 1
			}
			pos++
		}
		return v
	}
	long := 0 // from version 10 on counts are longer
	if q.version >= 10 {
		long = 1
	}
	for pos+4 <= len(data)*8 {
		switch mode := take(4); mode {
		case 0:
			return out.String(), nil
		case 1:
			for n := take(10 + 2*long); n > 0; n -= 3 {
				digits := min(n, 3)
				v := strconv.Itoa(take([]int{0, 4, 7, 10}[digits]))
				out.WriteString(strings.Repeat("0", max(0, digits-len(v))) + v)
			}
		case 2:
			n := take(9 + 2*long)
			for ; n > 1; n -= 2 {
				v := take(11)
				out.WriteByte(qrAlphabet[v/45%45])
				out.WriteByte(qrAlphabet[v%45])
			}
			if n == 1 {
				out.WriteByte(qrAlphabet[take(6)%45])
			}
		case 4:
			for range take(8 + 8*long) {
				out.WriteByte(byte(take(8)))
			}
		default:
			return "", fmt.Errorf("a segment of kind %d", mode)
		}
		if pos > len(data)*8 {
			return "", errors.New("the code is cut short")
		}
	}
	return out.String(), nil
}
