package text

import "strings"

// Where a block likes to end.
const (
	Paragraph = "paragraph"
	Newline   = "newline"
	Sentence  = "sentence"
)

// Blocks cuts a text that is still being written into blocks that go out while it is (providers d.5). A block is given as
// soon as it has Min units and a good end in sight: a blank line, a line end, the end of a sentence, by what Prefer says. One
// that has none ends at white space once Max is reached, and only without any in the middle of a word. No block ends
// within fenced code: if it must, the fence is closed there and opened again in the next, as by Split.
//
// White space around a cut is dropped. Everything else of the text is in the blocks, in order.
type Blocks struct {
	Min, Max int    // UTF-16 units of a block; Max counts where Min is more. 0 or less = 1 and no limit
	Prefer   string // "" = Paragraph

	rest   string
	opened int  // bytes at the front of rest that repeat the opening line of a fence
	cut    bool // rest follows a cut: white space at its front is dropped
}

// Feed takes the next piece of the text and gives the blocks that are complete.
func (b *Blocks) Feed(piece string) (blocks []string) {
	b.take(piece)
	for enough := b.least(); Len(b.rest) >= enough; enough = b.Max {
		at := b.place()
		full := b.Max > 0 && Len(b.rest) > b.Max
		if at == 0 && !full {
			break
		}
		blocks = b.give(blocks, at)
		if b.Max <= 0 {
			break
		}
	}
	return blocks
}

// End gives what is left. The next piece begins another text.
func (b *Blocks) End() (blocks []string) {
	for b.Max > 0 && Len(b.rest) > b.Max {
		blocks = b.give(blocks, b.place())
	}
	if last := strings.TrimRightFunc(b.rest, isSpace); last != "" {
		blocks = append(blocks, last)
	}
	b.Drop()
	return blocks
}

// Left is the end of the text that has not been given yet.
func (b *Blocks) Left() string { return b.rest[b.opened:] }

// Drop forgets it.
func (b *Blocks) Drop() { b.rest, b.opened, b.cut = "", 0, false }

func (b *Blocks) least() int {
	if b.Max > 0 {
		return max(1, min(b.Min, b.Max))
	}
	return max(1, b.Min)
}

func (b *Blocks) take(piece string) {
	b.rest += piece
	if b.cut && b.opened == 0 {
		b.rest = strings.TrimLeftFunc(b.rest, isSpace)
	}
	b.cut = b.cut && b.rest == ""
}

// give cuts one block off, at the offset at, or where Split would when that is 0.
func (b *Blocks) give(blocks []string, at int) []string {
	before, block, rest := b.rest, b.rest[:at], b.rest[at:]
	if at == 0 {
		block, rest = firstPiece(before, b.Max)
	} else {
		block, rest = strings.TrimRightFunc(block, isSpace), strings.TrimLeftFunc(rest, isSpace)
	}
	b.rest, b.opened, b.cut = rest, 0, rest == ""
	if !strings.HasSuffix(before, rest) { // it begins with the fence anew
		b.opened = len(firstLine(rest)) + 1
	}
	if block == "" {
		return blocks
	}
	return append(blocks, block)
}

// place is the offset of the best end of a block in what there is, 0 = there is none.
func (b *Blocks) place() int {
	low, high := hardCut(b.rest, b.least()), len(b.rest)
	if b.Max > 0 {
		high = hardCut(b.rest, b.Max)
	}
	low = max(low, b.opened+1)
	e := b.ends(low, high)
	var at int
	switch b.Prefer {
	case Newline:
		at = e.line
	case Sentence:
		at = e.sentence
	default:
		if at = e.paragraph; at == 0 {
			at = e.line
		}
		if at == 0 {
			at = e.sentence
		}
	}
	if at == 0 && high < len(b.rest) {
		at = e.space
	}
	return at
}

// ends are the last offsets of their kind.
type ends struct{ paragraph, line, sentence, space int }

// ends looks for the ends of blocks from low to high, outside of fenced code.
func (b *Blocks) ends(low, high int) (e ends) {
	var f fence
	open := false
	for start := 0; start <= high && start < len(b.rest); {
		line := firstLine(b.rest[start:])
		end, code := start+len(line), open
		if open {
			open = !closes(line, f)
		} else if mark := fenceMark(line); mark != "" {
			f, open, code = fence{start, line, mark}, true, true
		}
		if !code {
			e.words(line, start, low, high)
		}
		if !open && end >= low && end <= high && end < len(b.rest) {
			e.line, e.space = end, end
			if next := b.rest[end+1:]; strings.HasPrefix(strings.TrimLeft(next, " \t"), "\n") {
				e.paragraph = end
			}
			if strings.HasSuffix(line, ".") || strings.HasSuffix(line, "!") || strings.HasSuffix(line, "?") {
				e.sentence = end
			}
		}
		start = end + 1
	}
	return e
}

// words looks into a line.
func (e *ends) words(line string, start, low, high int) {
	var last rune
	for i, r := range line {
		if at := start + i; at >= low && at <= high && isSpace(r) {
			e.space = at
			if last == '.' || last == '!' || last == '?' {
				e.sentence = at
			}
		}
		last = r
	}
}
