package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// screen is as much of a terminal as is needed to see what a person sees: text, the cursor, what erases and what scrolls.
// Colours are passed over.
type screen struct {
	cells         [][]rune
	x, y          int
	top, bottom   int // of the region that scrolls
	width, height int
	last          rune
	pending       []byte // the beginning of a sequence that is not here whole
}

func newScreen(width, height int) *screen {
	s := &screen{}
	s.resize(width, height)
	return s
}

func (s *screen) resize(width, height int) {
	cells := make([][]rune, height)
	for i := range cells {
		cells[i] = blank(width)
		if i < len(s.cells) {
			copy(cells[i], s.cells[i])
		}
	}
	s.cells, s.width, s.height, s.top, s.bottom = cells, width, height, 0, height-1
	s.x, s.y = min(s.x, width-1), min(s.y, height-1)
}

func blank(n int) []rune {
	row := make([]rune, n)
	for i := range row {
		row[i] = ' '
	}
	return row
}

func (s *screen) String() string {
	lines := make([]string, len(s.cells))
	for i, row := range s.cells {
		lines[i] = strings.TrimRight(string(row), " ")
	}
	return strings.Join(lines, "\n")
}

func (s *screen) write(b []byte) {
	b = append(s.pending, b...)
	s.pending = nil
	for len(b) > 0 {
		n := s.step(b)
		if n == 0 {
			s.pending = append([]byte(nil), b...)
			return
		}
		b = b[n:]
	}
}

// step takes one character or sequence; 0 = it is not here whole.
func (s *screen) step(b []byte) int {
	if b[0] == 0x1b {
		return s.escape(b)
	}
	if !utf8.FullRune(b) {
		return 0
	}
	r, n := utf8.DecodeRune(b)
	switch {
	case r == '\r':
		s.x = 0
	case r == '\n':
		s.down()
	case r == '\b':
		s.x = max(0, s.x-1)
	case r == '\t':
		s.x = min(s.width-1, s.x/8*8+8)
	case r >= ' ':
		s.put(r)
	}
	return n
}

func (s *screen) put(r rune) {
	if s.x >= s.width {
		s.x = 0
		s.down()
	}
	s.cells[s.y][s.x] = r
	s.x++
	s.last = r
}

func (s *screen) down() {
	if s.y == s.bottom {
		s.scroll(1)
	} else if s.y < s.height-1 {
		s.y++
	}
}

// scroll moves the region up by n lines, or down by -n.
func (s *screen) scroll(n int) { s.shift(s.top, s.bottom, n) }

func (s *screen) shift(top, bottom, n int) {
	for ; n > 0; n-- {
		copy(s.cells[top:bottom+1], s.cells[top+1:bottom+1])
		s.cells[bottom] = blank(s.width)
	}
	for ; n < 0; n++ {
		copy(s.cells[top+1:bottom+1], s.cells[top:bottom])
		s.cells[top] = blank(s.width)
	}
}

func (s *screen) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '[':
		for i := 2; i < len(b); i++ {
			if b[i] >= 0x40 && b[i] <= 0x7e {
				s.control(string(b[2:i]), b[i])
				return i + 1
			}
		}
		return 0
	case ']', 'P', '_', '^':
		for i := 2; i < len(b); i++ {
			if b[i] == 7 {
				return i + 1
			}
			if b[i] == 0x1b && i+1 < len(b) && b[i+1] == '\\' {
				return i + 2
			}
		}
		return 0
	case 'M':
		if s.y == s.top {
			s.scroll(-1)
		} else {
			s.y = max(0, s.y-1)
		}
	case '(', ')':
		if len(b) < 3 {
			return 0
		}
		return 3
	}
	return 2
}

func (s *screen) control(params string, final byte) {
	if strings.HasPrefix(params, "?") || strings.HasPrefix(params, ">") || strings.HasPrefix(params, "=") || strings.HasPrefix(params, "<") {
		if final == 'h' && strings.Contains(params, "1049") {
			for i := range s.cells {
				s.cells[i] = blank(s.width)
			}
		}
		return
	}
	args := strings.Split(params, ";")
	arg := func(i, def int) int {
		if i < len(args) {
			if n, err := strconv.Atoi(args[i]); err == nil && n > 0 {
				return n
			}
		}
		return def
	}
	n := arg(0, 1)
	switch final {
	case 'A':
		s.y = max(0, s.y-n)
	case 'B', 'e':
		s.y = min(s.height-1, s.y+n)
	case 'C', 'a':
		s.x = min(s.width-1, s.x+n)
	case 'D':
		s.x = max(0, min(s.x, s.width)-n)
	case 'E':
		s.x, s.y = 0, min(s.height-1, s.y+n)
	case 'F':
		s.x, s.y = 0, max(0, s.y-n)
	case 'G', '`':
		s.x = min(s.width, n) - 1
	case 'd':
		s.y = min(s.height, n) - 1
	case 'H', 'f':
		s.y, s.x = min(s.height, n)-1, min(s.width, arg(1, 1))-1
	case 'I':
		for range n {
			s.x = min(s.width-1, s.x/8*8+8)
		}
	case 'Z':
		for range n {
			s.x = max(0, (s.x-1)/8*8)
		}
	case 'b':
		for range n {
			s.put(s.last)
		}
	case 'S':
		s.scroll(n)
	case 'T':
		s.scroll(-n)
	case 'L':
		s.shift(s.y, s.bottom, -n)
	case 'M':
		s.shift(s.y, s.bottom, n)
	case 'r':
		s.top, s.bottom = arg(0, 1)-1, min(arg(1, s.height), s.height)-1
		s.x, s.y = 0, 0
	default:
		s.edit(n, arg(0, 0), final)
	}
}

// edit changes the line with the cursor, or all of them.
func (s *screen) edit(n, how int, final byte) {
	row := s.cells[s.y]
	x := min(s.x, s.width-1)
	switch final {
	case 'K':
		from, to := x, s.width
		if how == 1 {
			from, to = 0, x+1
		} else if how == 2 {
			from = 0
		}
		copy(row[from:to], blank(to-from))
	case 'J':
		if how >= 2 {
			for i := range s.cells {
				s.cells[i] = blank(s.width)
			}
			return
		}
		copy(row[x:], blank(s.width-x))
		for i := s.y + 1; i < s.height; i++ {
			s.cells[i] = blank(s.width)
		}
	case 'X':
		copy(row[x:min(s.width, x+n)], blank(min(s.width, x+n)-x))
	case 'P':
		n = min(n, s.width-x)
		copy(row[x:], row[x+n:])
		copy(row[s.width-n:], blank(n))
	case '@':
		n = min(n, s.width-x)
		copy(row[x+n:], append([]rune(nil), row[x:s.width-n]...))
		copy(row[x:x+n], blank(n))
	}
}
