package text

import "strings"

// Split is Chunk for Markdown: a piece that would end within a fenced block of code ends the fence, and the next piece
// begins it anew, within the limit. A block that fits into one piece is not cut if what stands before it fills at least
// a third of a piece. A limit too small for fences is treated as Chunk treats it.
func Split(s string, limit int) []string {
	if limit <= 0 || Len(s) <= limit {
		return Chunk(s, limit)
	}
	var pieces []string
	for s != "" {
		piece, rest := firstPiece(s, limit)
		if piece != "" {
			pieces = append(pieces, piece)
		}
		s = rest
	}
	return pieces
}

// firstPiece cuts one piece off.
func firstPiece(s string, limit int) (piece, rest string) {
	cut, whole := window(s, limit)
	if whole {
		return s, ""
	}
	f, open := fenceAt(s, cut)
	if !open {
		return strings.TrimRightFunc(s[:cut], isSpace), strings.TrimLeftFunc(s[cut:], isSpace)
	}
	if f.start > 0 && Len(s[:f.start]) >= limit/3 && Len(s[f.start:f.end(s)]) <= limit {
		return strings.TrimRightFunc(s[:f.start], isSpace), s[f.start:]
	}
	overhead := Len(f.mark) + 1
	if Len(f.opening)+1+overhead+8 > limit {
		return strings.TrimRightFunc(s[:cut], isSpace), strings.TrimLeftFunc(s[cut:], isSpace)
	}
	cut, _ = window(s, limit-overhead)
	body := f.start + len(f.opening) + 1
	if cut <= body { // no break within the code: at the limit then
		cut = f.unclosed(s, hardCut(s, limit-overhead))
	}
	if cut <= body && f.start > 0 { // not even one character of the code fits
		return strings.TrimRightFunc(s[:f.start], isSpace), s[f.start:]
	}
	if g, still := fenceAt(s, cut); !still || g.start != f.start { // the shorter piece ends elsewhere
		return strings.TrimRightFunc(s[:cut], isSpace), strings.TrimLeftFunc(s[cut:], isSpace)
	}
	code, rest := s[:cut], strings.TrimPrefix(s[cut:], "\n")
	if closes(firstLine(rest), f) && (rest != s[cut:] || s[cut-1] == '\n') { // the fence ends here by itself
		_, after, _ := strings.Cut(rest, "\n")
		return strings.TrimRight(code, "\n") + "\n" + f.mark, strings.TrimLeftFunc(after, isSpace)
	}
	return strings.TrimRight(code, "\n") + "\n" + f.mark, f.opening + "\n" + rest
}

// hardCut is the byte offset after limit units.
func hardCut(s string, limit int) int {
	n := 0
	for i, r := range s {
		if n += units(r); n > limit {
			return i
		}
	}
	return len(s)
}

// fence is a fenced block of code.
type fence struct {
	start   int    // byte offset of its first line
	opening string // that line
	mark    string // "```" or longer, or "~~~"
}

// unclosed moves a cut within a line of code back as long as the half before it would end the block.
func (f fence) unclosed(s string, cut int) int {
	line := strings.LastIndexByte(s[:cut], '\n') + 1
	for cut > line && cut < len(s) && s[cut] != '\n' && closes(s[line:cut], f) {
		cut--
	}
	return cut
}

// end is the offset behind the block's last line in s.
func (f fence) end(s string) int {
	at := f.start + len(f.opening)
	for at < len(s) {
		line := firstLine(s[at+1:])
		at += 1 + len(line)
		if closes(line, f) {
			break
		}
	}
	return min(at, len(s))
}

// fenceAt says whether the offset at lies within a fenced block of s, and in which.
func fenceAt(s string, at int) (f fence, open bool) {
	for start := 0; start < at; {
		line := firstLine(s[start:])
		switch {
		case !open:
			if mark := fenceMark(line); mark != "" {
				f, open = fence{start, line, mark}, true
			}
		case closes(line, f):
			if start+len(line) <= at {
				open = false
			}
		}
		start += len(line) + 1
	}
	// Within the opening line itself there is no code yet: a cut there is before the block for all that matters.
	if open && at <= f.start+len(f.opening) {
		return f, at > f.start
	}
	return f, open
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// fenceMark is the mark that a line opens a fenced block with, "" when it does not.
func fenceMark(line string) string {
	trimmed := strings.TrimLeft(line, " ")
	if len(line)-len(trimmed) > 3 || trimmed == "" || trimmed[0] != '`' && trimmed[0] != '~' {
		return ""
	}
	n := len(trimmed) - len(strings.TrimLeft(trimmed, trimmed[:1]))
	if n < 3 || trimmed[0] == '`' && strings.Contains(trimmed[n:], "`") {
		return ""
	}
	return trimmed[:n]
}

// closes says whether a line ends a fenced block.
func closes(line string, f fence) bool {
	trimmed := strings.TrimRight(strings.TrimLeft(line, " "), " \t\r")
	return len(trimmed) >= len(f.mark) && strings.Trim(trimmed, f.mark[:1]) == "" && trimmed != ""
}
