package node

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxTriggers = 32
	maxTrigger  = 64 // UTF-16 units
	maxFile     = 1 << 20
)

var defaultTriggers = []string{"clawd", "claude", "computer"}

// wakeWords are in a file of their own, which other programs read too.
type wakeWords struct {
	path string
	now  func() time.Time
	mu   sync.Mutex // one writer at a time; held until everybody was told, so that the last one told is the one stored
}

// wakeFile is the shape of the file.
type wakeFile struct {
	Triggers    []string `json:"triggers"`
	UpdatedAtMs int64    `json:"updatedAtMs"`
}

// get reads the words. A file that is not there or broken has the default ones.
func (w *wakeWords) get() ([]string, error) {
	f, err := os.Open(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return defaultTriggers, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read wake words: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("read wake words: %w", err)
	}
	var have struct {
		Triggers []any `json:"triggers"`
	}
	if wire.Unmarshal(b, &have) != nil {
		return defaultTriggers, nil
	}
	return clean(have.Triggers), nil
}

// set stores the words and calls told before another set begins.
func (w *wakeWords) set(given []any, told func([]string)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	words := clean(given)
	b, err := wire.Marshal(wakeFile{words, w.now().UnixMilli()})
	if err != nil {
		return fmt.Errorf("encode wake words: %w", err)
	}
	if err := file.Replace(w.path, b); err != nil {
		return fmt.Errorf("write wake words: %w", err)
	}
	told(words)
	return nil
}

// clean keeps what is a word: strings, trimmed, not blank, not too many and not too long; without any, the default ones.
func clean(given []any) []string {
	words := []string{}
	for _, g := range given {
		s, _ := g.(string)
		if s = strings.TrimSpace(s); s != "" && len(words) < maxTriggers {
			words = append(words, shorten(s))
		}
	}
	if len(words) == 0 {
		return defaultTriggers
	}
	return words
}

// shorten cuts a word, and not through the middle of a character.
func shorten(s string) string {
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > maxTrigger {
			return s[:i]
		}
	}
	return s
}
