package model

import "strings"

// Unthink separates what a model thinks from what it says, where it writes both into one text and puts the thoughts
// between <think> and </think>. Marks around what it says, <final> and </final>, are dropped. It is fed with the pieces as they come. The zero value is ready.
type Unthink struct {
	inside bool
	said   bool   // something was said before
	held   string // may be the beginning of a tag
}

// What opens a thought, or marks what is said; what closes a thought.
var opening, closing = []string{"<think>", "<thinking>", "<final>", "</final>"}, []string{"</think>", "</thinking>"}

// Feed takes the next piece and gives it to say and think, in order. Either may be called any number of times.
func (u *Unthink) Feed(piece string, say, think func(string)) {
	text := u.held + piece
	u.held = ""
	for text != "" {
		tags := opening
		if u.inside {
			tags = closing
		}
		at, tag := first(text, tags)
		if at < 0 {
			keep := partial(text, tags)
			u.give(text[:len(text)-keep], say, think)
			u.held = text[len(text)-keep:]
			return
		}
		u.give(text[:at], say, think)
		text = text[at+len(tag):]
		u.inside = !u.inside && !strings.HasSuffix(tag, "final>")
	}
}

// End gives what was held back.
func (u *Unthink) End(say, think func(string)) {
	held := u.held
	u.held = ""
	u.give(held, say, think)
}

func (u *Unthink) give(s string, say, think func(string)) {
	if u.inside {
		if s != "" {
			think(s)
		}
		return
	}
	if !u.said {
		s = strings.TrimLeft(s, "\n") // what stands between the thoughts and the answer
	}
	if s != "" {
		u.said = true
		say(s)
	}
}

func first(text string, tags []string) (at int, tag string) {
	at = -1
	for _, t := range tags {
		if i := strings.Index(text, t); i >= 0 && (at < 0 || i < at) {
			at, tag = i, t
		}
	}
	return at, tag
}

// partial is how many bytes at the end of text may be the beginning of a tag.
func partial(text string, tags []string) int {
	longest := 0
	for _, t := range tags {
		for n := min(len(t)-1, len(text)); n > longest; n-- {
			if strings.HasSuffix(text, t[:n]) {
				longest = n
				break
			}
		}
	}
	return longest
}
