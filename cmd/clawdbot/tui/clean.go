package tui

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// clean leaves of a text what cannot steer a terminal or make one line read as another: line breaks stay, a tab becomes
// spaces, and control characters and marks that turn the direction of text go.
func clean(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "�")
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n':
			b.WriteRune(r)
		case r == '\t':
			b.WriteString("    ")
		case r == '\r':
			b.WriteByte('\n')
		case unicode.IsControl(r), turns(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// turns tells the marks that change the direction of text.
func turns(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c || r == 0x2028 || r == 0x2029
}

// oneLine is a clean text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// wrap breaks a clean text into lines of at most so many columns.
func wrap(text string, width int) []string {
	return strings.Split(ansi.Wrap(text, max(width, 8), ""), "\n")
}

// cut shortens a line to so many columns.
func cut(line string, width int) string { return ansi.Truncate(line, max(width, 1), "…") }

// pad fills a line up to so many columns.
func pad(line string, width int) string {
	if n := width - ansi.StringWidth(line); n > 0 {
		return line + strings.Repeat(" ", n)
	}
	return line
}

// Styles: the sixteen colours of the terminal, so that its own scheme decides how they look.
const (
	reset   = "\x1b[0m"
	bold    = "\x1b[1m"
	dim     = "\x1b[2m"
	reverse = "\x1b[7m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	blue    = "\x1b[34m"
	cyan    = "\x1b[36m"
)
