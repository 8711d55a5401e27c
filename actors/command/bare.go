package command

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

const someone = `(?:@[^\s@,:<>]+|<@[!&]?[A-Za-z0-9]+(?:\|[^<>\s]*)?>)[,:]?`

var (
	// envelope is what stands before a text that was passed on: "[Surface sender time] ". Made when it is needed: it is large.
	envelope = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*\[[^\[\]\n]{1,300}\]\s*`) })
	// mention is somebody addressed, as the surfaces write it.
	mention = regexp.MustCompile(`(^|\s)` + someone)
	leading = regexp.MustCompile(`^(?:\s*` + someone + `)+(?:\s+|$)`)
	// addressed is a command that says which bot it is for: "/status@some_bot".
	addressed = regexp.MustCompile(`^(/\w+)@\w+`)
	speaker   = regexp.MustCompile(`^[A-Za-z0-9+()_. -]{1,64}:\s*`)
)

// Bare is a text without the envelope before it and without mentions: what a command is recognised in.
func Bare(text string) string {
	text = strings.TrimSpace(mention.ReplaceAllString(envelope().ReplaceAllString(text, ""), "$1"))
	return addressed.ReplaceAllString(text, "$1")
}

// Reset looks for a trigger at the beginning of a text: the text is the trigger, or goes on behind it after a space.
// Case, an envelope, mentions and a "name:" before it do not matter. rest is what follows, empty if nothing but
// mentions does.
func Reset(text string, triggers []string) (rest string, ok bool) {
	for _, s := range starts(text) {
		for _, trigger := range triggers {
			if rest, ok := after(s, strings.TrimSpace(trigger)); ok {
				if Bare(rest) == "" {
					rest = ""
				}
				return rest, true
			}
		}
	}
	return "", false
}

// starts are the places where a text may be said to begin.
func starts(text string) []string {
	s := strings.TrimSpace(text)
	all := []string{s}
	s = leading.ReplaceAllString(envelope().ReplaceAllString(s, ""), "")
	s = addressed.ReplaceAllString(s, "$1")
	return append(all, s, speaker.ReplaceAllString(s, ""))
}

// after is what follows a prefix that ends where a word does.
func after(s, prefix string) (rest string, ok bool) {
	if prefix == "" || len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	rest = s[len(prefix):]
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && !space(r) {
		return "", false
	}
	return strings.TrimSpace(rest), true
}
