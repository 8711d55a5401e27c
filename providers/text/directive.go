package text

import (
	"path"
	"regexp"
	"strings"
)

var (
	directive = regexp.MustCompile("`?\\bMEDIA:[ \t]*(.*)$")
	blankRun  = regexp.MustCompile(`\n[ \t]*(?:\n[ \t]*)+`)
)

// Directives takes the lines by which an agent names files to send ("MEDIA: <address or path> ...", reference 0.2) out of a
// text. What names no file stays, and so does everything within fenced code.
func Directives(s string) (rest string, refs []string) {
	if !strings.Contains(s, "MEDIA:") {
		return s, nil
	}
	var f *fence
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if f != nil {
			if closes(line, *f) {
				f = nil
			}
			continue
		}
		if mark := fenceMark(line); mark != "" {
			f = &fence{mark: mark}
			continue
		}
		m := directive.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		found, left := tokens(line[m[2]:m[3]])
		if len(found) > 0 {
			refs = append(refs, found...)
			lines[i] = strings.TrimRight(line[:m[0]]+left, " \t")
		}
	}
	if len(refs) == 0 {
		return s, nil
	}
	return strings.TrimSpace(blankRun.ReplaceAllString(strings.Join(lines, "\n"), "\n")), refs
}

// tokens are the names of files in what follows the word, and what is left of it.
func tokens(s string) (refs []string, left string) {
	var others []string
	for _, word := range strings.Fields(s) {
		ref := strings.Trim(word, "\"'`()[]{}<>,")
		ref = strings.TrimPrefix(ref, "file://")
		named := strings.HasPrefix(ref, "http://") || strings.HasPrefix(ref, "https://") || strings.HasPrefix(ref, "/") || strings.HasPrefix(ref, "./")
		if !named || len(ref) > 1024 || path.Clean(ref) == "/" {
			others = append(others, word)
			continue
		}
		refs = append(refs, ref)
	}
	return refs, strings.Join(others, " ")
}
