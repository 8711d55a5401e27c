package telegramfake

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

var htmlTag = regexp.MustCompile(`^<(/?)(b|strong|i|em|u|ins|s|strike|del|code|pre|blockquote|tg-spoiler|a)((?: [a-z-]+="[^"<>]*")*)>`)

// readHTML reads text as parse mode HTML does, and returns what a person is shown, or the
// complaint.
func readHTML(text string) (string, string) {
	var shown strings.Builder
	var open []string
	for i := 0; i < len(text); {
		if text[i] != '<' {
			next := strings.IndexByte(text[i:], '<')
			if next < 0 {
				next = len(text) - i
			}
			shown.WriteString(html.UnescapeString(text[i : i+next]))
			i += next
			continue
		}
		m := htmlTag.FindStringSubmatch(text[i:])
		switch {
		case m == nil:
			return "", fmt.Sprintf("Unsupported start tag at byte offset %d", i)
		case m[1] == "":
			open = append(open, m[2])
		case len(open) == 0 || open[len(open)-1] != m[2]:
			return "", fmt.Sprintf("Unmatched end tag at byte offset %d", i)
		default:
			open = open[:len(open)-1]
		}
		i += len(m[0])
	}
	if len(open) > 0 {
		return "", fmt.Sprintf("Can't find end tag corresponding to start tag %q", open[len(open)-1])
	}
	return shown.String(), ""
}
