package web

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

var metaCharset = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)<meta[^>]{1,200}charset=["']?([a-z0-9_-]+)`) })

// windows1252 are the characters that Latin-1 pages have where Latin-1 has none.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// decode makes a string of bytes in a character set; "" = what the page itself says, else UTF-8.
func decode(body []byte, charset, kind string) (string, error) {
	if charset == "" && strings.Contains(kind, "html") {
		if m := metaCharset().FindSubmatch(body[:min(len(body), 2048)]); m != nil {
			charset = string(m[1])
		}
	}
	switch charset = strings.ToLower(charset); charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if charset == "" && !utf8.Valid(body) {
			return latin(body), nil
		}
		return strings.ToValidUTF8(strings.TrimPrefix(string(body), "\uFEFF"), "\uFFFD"), nil
	case "iso-8859-1", "latin1", "windows-1252", "cp1252", "iso-8859-15":
		return latin(body), nil
	case "utf-16", "utf-16le", "utf-16be":
		return wide(body, charset == "utf-16be"), nil
	}
	return "", fmt.Errorf("the page is in the character set %.30q, which is not read: only UTF-8, UTF-16 and Latin-1 are", charset)
}

func latin(body []byte) string {
	var b strings.Builder
	for _, c := range body {
		switch {
		case c >= 0x80 && c < 0xA0:
			b.WriteRune(windows1252[c-0x80])
		default:
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

func wide(body []byte, big bool) string {
	if len(body) >= 2 && (body[0] == 0xFE && body[1] == 0xFF || body[0] == 0xFF && body[1] == 0xFE) {
		big, body = body[0] == 0xFE, body[2:]
	}
	units := make([]uint16, 0, len(body)/2)
	for i := 0; i+1 < len(body); i += 2 {
		high, low := body[i+1], body[i]
		if big {
			high, low = low, high
		}
		units = append(units, uint16(high)<<8|uint16(low))
	}
	return string(utf16.Decode(units))
}
