package agent

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/text"
)

// Words of an answer that are for the program (providers 0).
const (
	SilentToken    = "NO_REPLY"     // there is nothing to say
	HeartbeatToken = "HEARTBEAT_OK" // nothing needs attention
)

// BlockSettings are how an answer goes out to people while it is written.
type BlockSettings struct {
	Min, Max int    // UTF-16 units of a block
	Prefer   string // where it likes to end: text.Paragraph, ...
	AtEnd    bool   // nothing goes out before a message of the model is complete
	// ToolLines: a session that wants to may read what tools do. ToolMessages: in messages of their own; else it stands in
	// front of what is said next.
	ToolLines, ToolMessages bool
}

// Block is a part of an answer that goes out before the whole of it is there.
type Block struct {
	N       int // of this run; unique
	Text    string
	ReplyTo *text.Tag // the message that it says it replies to; nil = it does not say
}

// voice makes of what a runner streams what people see of it: without thoughts, without what is for the program, and in
// blocks where those are wanted. It is guarded by the lock of its output.
type voice struct {
	verbatim bool           // nothing is read in the text
	think    *model.Unthink // where the message begins with a thought; nil = it does not, or that is not known yet
	start    string         // of the message, until it is known
	known    bool
	read     text.Reader
	shown    strings.Builder // of this message
	named    []string        // files named in the messages before
	mouth    *mouth          // nil = the answer goes out as a whole
}

// hear takes the next piece of a message.
func (v *voice) hear(piece string) {
	if v.verbatim {
		v.shown.WriteString(piece)
		return
	}
	if !v.known {
		v.start += piece
		begin := strings.TrimSpace(v.start)
		for _, tag := range marks {
			if len(begin) < len(tag) && strings.HasPrefix(tag, begin) {
				return // it may become one
			}
			if strings.HasPrefix(begin, tag) {
				v.think = &model.Unthink{}
			}
		}
		piece, v.start, v.known = v.start, "", true
	}
	v.pass(piece)
}

// marks begin a message whose thoughts are in its text. Elsewhere in a text they are words like others.
var marks = []string{"<think>", "<thinking>", "<final>"}

// pass takes what is not a thought on.
func (v *voice) pass(piece string) {
	say := func(s string) { v.show(v.read.Feed(s)) }
	if v.think == nil {
		say(piece)
		return
	}
	v.think.Feed(piece, say, func(string) {})
}

func (v *voice) show(s string) {
	if s == "" {
		return
	}
	v.shown.WriteString(s)
	if v.mouth != nil {
		v.mouth.take(s, &v.read)
	}
}

// stop ends a message. again: it did not count, and is made anew.
func (v *voice) stop(again bool) {
	if !again && !v.verbatim {
		v.pass(v.start)
		if v.think != nil {
			v.think.End(func(s string) { v.show(v.read.Feed(s)) }, func(string) {})
		}
		v.show(v.read.End())
		v.named = append(v.named, v.read.Files...)
	}
	if v.mouth != nil {
		v.mouth.stop(again, &v.read)
	}
	v.think, v.start, v.known, v.read = nil, "", false, text.Reader{}
	v.shown.Reset()
}

// files are those that the message names.
func (v *voice) files() []string { return slices.Clone(v.read.Files) }

// mouth cuts what is shown into blocks.
type mouth struct {
	set    BlockSettings
	cut    text.Blocks
	ready  []Block // to go out
	n      int
	spoken bool // something of the answer has become a block
	lines  []string
	known  map[[sha256.Size]byte]bool // what was said, so that nothing is said twice

	message string // what was taken of this message
	again   string // of a message that is made anew: what has gone out of it
	held    string // what the new one has of that so far
}

func newMouth(s BlockSettings) *mouth {
	return &mouth{set: s, cut: text.Blocks{Min: s.Min, Max: s.Max, Prefer: s.Prefer}, known: map[[sha256.Size]byte]bool{}}
}

func (m *mouth) take(s string, from *text.Reader) {
	if m.again != "" {
		m.held += s
		if strings.HasPrefix(m.again, m.held) {
			return // it is said for the second time
		}
		rest, repeated := strings.CutPrefix(m.held, m.again)
		if !repeated {
			rest = m.held // it goes another way
		} else {
			m.message = m.again
		}
		m.again, m.held, s = "", "", rest
	}
	m.message += s
	if m.set.AtEnd {
		return
	}
	for _, b := range m.cut.Feed(s) {
		m.say(b, from)
	}
}

func (m *mouth) stop(again bool, from *text.Reader) {
	if again {
		if gone := m.message[:len(m.message)-len(m.cut.Left())]; gone != "" && !m.set.AtEnd && m.again == "" {
			m.again = gone
		}
		m.held, m.message = "", ""
		m.cut.Drop()
		return
	}
	if m.set.AtEnd {
		for _, b := range m.cut.Feed(m.message) {
			m.say(b, from)
		}
	}
	for _, b := range m.cut.End() {
		m.say(b, from)
	}
	m.message, m.again, m.held = "", "", ""
}

// say makes a block, unless it says nothing, or what was said before.
func (m *mouth) say(s string, from *text.Reader) {
	s = Spoken(s)
	if s == "" {
		return
	}
	b := Block{Text: s, ReplyTo: from.Tag}
	from.Tag = nil
	key := sha256.Sum256([]byte(s))
	if m.known[key] {
		return
	}
	m.known[key], m.spoken = true, true
	if len(m.lines) > 0 {
		b.Text = strings.Join(m.lines, "\n") + "\n\n" + b.Text
		m.lines = nil
	}
	m.add(b)
}

func (m *mouth) add(b Block) {
	b.N = m.n
	m.n++
	m.ready = append(m.ready, b)
}

// Spoken is what people are told of a text: without the words at its ends that are for the program, and nothing if it is
// nothing else.
func Spoken(s string) string {
	s = unthought(s)
	s, _ = text.TrimToken(s, HeartbeatToken)
	s, _ = text.TrimToken(s, SilentToken)
	return s
}

// unthought is a whole text without the thoughts that it begins with.
func unthought(s string) string {
	for _, mark := range marks {
		if strings.HasPrefix(strings.TrimSpace(s), mark) {
			var u model.Unthink
			var said strings.Builder
			say := func(s string) { said.WriteString(s) }
			u.Feed(s, say, func(string) {})
			u.End(say, func(string) {})
			return said.String()
		}
	}
	return s
}
