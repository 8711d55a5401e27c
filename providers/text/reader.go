package text

import (
	"regexp"
	"strings"
)

// Tag says which message an answer replies to: the writer puts [[reply_to_current]] or [[reply_to:<id>]] into it
// (providers d.5).
type Tag struct {
	Current bool
	ID      string // of another message
}

// Reader reads an answer while it is written: it takes out what is not meant for people, the lines that name files to send
// and the tags that say what the answer replies to. What it has given never changes afterwards. Within fenced code nothing
// is read. The zero value is ready; for another text take another.
type Reader struct {
	Files []string // named so far, as Directives finds them
	Tag   *Tag     // the last one found; whoever has used it sets it to nil

	head  string // of the line that is being written: what was given
	held  string // and what was not yet
	trim  bool   // a tag stood before: the space behind it goes, too
	took  bool   // something of the line was taken out
	fence *fence // the code that the line is in
}

const (
	media    = "MEDIA:"
	maxTag   = 300 // bytes; what is longer is no tag
	tagStart = "[["
)

var replyTag = regexp.MustCompile(`[ \t]*\[\[\s*reply_to(_current|\s*:\s*([^\]\[\n]+?))\s*\]\][ \t]*`)

// Feed takes the next piece and gives what is to be shown of it and of what was held back.
func (r *Reader) Feed(piece string) string {
	r.held += piece
	var out strings.Builder
	for {
		line, rest, whole := strings.Cut(r.held, "\n")
		if !whole {
			break
		}
		if text, gone := r.line(line); !gone {
			out.WriteString(text + "\n")
		}
		r.head, r.held, r.trim, r.took = "", rest, false, false
	}
	out.WriteString(r.begun())
	return out.String()
}

// End gives what was held back.
func (r *Reader) End() string {
	text, _ := r.line(r.held)
	r.head, r.held, r.trim, r.took, r.fence = "", "", false, false, nil
	return text
}

// line reads what is left of a line that is complete. gone: it was nothing but for the program.
func (r *Reader) line(rest string) (text string, gone bool) {
	if r.fence != nil {
		if closes(r.head+rest, *r.fence) {
			r.fence = nil
		}
		return rest, false
	}
	rest = r.lead(rest)
	if mark := fenceMark(r.head + rest); mark != "" {
		r.fence = &fence{mark: mark}
		return rest, false
	}
	text = r.tags(rest)
	before := r.head[max(0, len(r.head)-1):] // the word may go on from there
	s := before + text
	if m := directive.FindStringSubmatchIndex(s); m != nil && m[0] >= len(before) {
		if found, left := tokens(s[m[2]:m[3]]); len(found) > 0 {
			r.Files = append(r.Files, found...)
			text, r.took = strings.TrimRight(s[len(before):m[0]]+left, " \t"), true
		}
	}
	return text, r.took && strings.TrimSpace(r.head+text) == ""
}

// begun gives what may be shown of a line that is not complete.
func (r *Reader) begun() string {
	if r.fence == nil {
		r.held = r.lead(r.held)
		if fenceMark(r.head+r.held) != "" {
			return "" // what else the line has tells whether it begins code
		}
		r.held = r.tags(r.held)
	}
	safe := len(r.held)
	if r.fence == nil {
		safe = doubtful(r.held)
	}
	text := r.held[:safe]
	if strings.TrimSpace(r.head+text) == "" {
		return "" // a tag that follows takes it along
	}
	r.head, r.held = r.head+text, r.held[safe:]
	return text
}

// lead takes out the tags at the beginning of a line: what is behind them may begin fenced code.
func (r *Reader) lead(s string) string {
	if r.trim {
		s = strings.TrimLeft(s, " \t")
		r.trim = s == ""
	}
	for r.head == "" {
		m := replyTag.FindStringIndex(s)
		if m == nil || m[0] > 0 {
			break
		}
		s = r.tags(s[:m[1]]) + s[m[1]:]
		r.trim = s == ""
	}
	return s
}

// tags takes the tags out of a part of a line.
func (r *Reader) tags(s string) string {
	if r.trim {
		s = strings.TrimLeft(s, " \t")
		r.trim = s == ""
	}
	for {
		m := replyTag.FindStringSubmatchIndex(s)
		if m == nil {
			return s
		}
		t := &Tag{Current: m[4] < 0}
		if !t.Current {
			t.ID = strings.TrimSpace(s[m[4]:m[5]])
		}
		r.Tag, r.took = t, true
		before, after, space := s[:m[0]], s[m[1]:], ""
		if prior := r.head + before; prior != "" && !strings.HasSuffix(prior, " ") {
			space = " "
		}
		r.trim = after == ""
		s = before + space + after
	}
}

// doubtful is the offset from which a line that is being written may turn out to be for the program.
func doubtful(s string) int {
	at := len(s)
	if i := strings.Index(s, media); i >= 0 {
		at = i
	} else {
		at -= overlap(s, media)
	}
	if at > 0 && at < len(s) && s[at-1] == '`' || at == len(s) && strings.HasSuffix(s, "`") {
		at--
	}
	if i := strings.LastIndex(s, tagStart); i >= 0 && !strings.Contains(s[i:], "]]") && len(s)-i < maxTag {
		at = min(at, i)
	} else if strings.HasSuffix(s, "[") {
		at = min(at, len(s)-1)
	}
	return at
}

// overlap is how many bytes at the end of s may be the beginning of word.
func overlap(s, word string) int {
	for n := min(len(s), len(word)-1); n > 0; n-- {
		if strings.HasSuffix(s, word[:n]) {
			return n
		}
	}
	return 0
}

func endsInWord(s string) bool {
	if s == "" {
		return false
	}
	c := s[len(s)-1]
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Read reads a text that is complete.
func Read(s string) (shown string, files []string, reply *Tag) {
	var r Reader
	shown = r.Feed(s) + r.End()
	return strings.TrimSpace(shown), r.Files, r.Tag
}

// TrimToken takes a word off both ends of a text, as often as it stands there. A word in the middle is part of the text.
func TrimToken(s, token string) (rest string, found bool) {
	rest = strings.TrimSpace(s)
	for {
		cut := rest
		if after, ok := strings.CutPrefix(cut, token); ok && !startsWord(after) {
			cut = after
		}
		if before, ok := strings.CutSuffix(cut, token); ok && !endsInWord(before) {
			cut = before
		}
		if cut = strings.TrimSpace(cut); cut == rest {
			return rest, found
		}
		rest, found = cut, true
	}
}

func startsWord(s string) bool { return s != "" && endsInWord(s[:1]) }
