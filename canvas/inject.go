package canvas

import (
	"bytes"
	"sync"
)

// script is what every page gets: user actions go to the app or to the page around it, and a reload when a file changes.
var script = sync.OnceValue(func() []byte {
	js, _ := assets.ReadFile("assets/live.js") // embedded: it is there
	return bytes.Join([][]byte{[]byte("\n<script>"), bytes.TrimSpace(js), []byte("</script>\n")}, []byte("\n"))
})

// inject puts the script before the last </body>, or at the end where there is none.
func inject(page []byte) []byte {
	at := lastFold(page, "</body>")
	if at < 0 {
		at = len(page)
	}
	out := make([]byte, 0, len(page)+len(script()))
	out = append(out, page[:at]...)
	out = append(out, script()...)
	return append(out, page[at:]...)
}

// lastFold finds the last place of an ASCII text, in whatever case.
func lastFold(b []byte, text string) int {
	for i := len(b) - len(text); i >= 0; i-- {
		if b[i] == text[0] && bytes.EqualFold(b[i:i+len(text)], []byte(text)) {
			return i
		}
	}
	return -1
}
