package files

import (
	"path"
	"strings"
)

// match tells whether a path with slashes matches a pattern: "*", "?" and "[...]" within a name, "**" for any number of
// names, "{a,b}" for either. A pattern without a slash is one for the last name.
func match(pattern, name string) bool {
	for _, p := range braces(pattern, 64) {
		if !strings.Contains(p, "/") {
			if ok, _ := path.Match(p, path.Base(name)); ok {
				return true
			}
			continue
		}
		if matchNames(strings.Split(strings.TrimPrefix(p, "/"), "/"), strings.Split(name, "/")) {
			return true
		}
	}
	return false
}

// validGlob says what is wrong with a pattern.
func validGlob(pattern string) error {
	for _, p := range braces(pattern, 64) {
		if _, err := path.Match(p, ""); err != nil {
			return err
		}
	}
	return nil
}

// braces writes a pattern out without alternatives, max of them at most.
func braces(p string, max int) []string {
	open := strings.IndexByte(p, '{')
	if open < 0 {
		return []string{p}
	}
	depth, from := 0, open+1
	var parts []string
	for i := open; i < len(p); i++ {
		switch p[i] {
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts, from = append(parts, p[from:i]), i+1
			}
		case '}':
			if depth--; depth > 0 {
				continue
			}
			var all []string
			for _, part := range append(parts, p[from:i]) {
				for _, rest := range braces(p[:open]+part+p[i+1:], max) {
					if len(all) < max {
						all = append(all, rest)
					}
				}
			}
			return all
		}
	}
	return []string{p} // never closed
}

// matchNames compares names one by one; the time is at most the product of the lengths.
func matchNames(pattern, names []string) bool {
	reach := make([]bool, len(names)+1) // reach[i]: the pattern so far can have used up i names
	reach[0] = true
	for _, p := range pattern {
		next := make([]bool, len(names)+1)
		for i, ok := range reach {
			switch {
			case p == "**":
				next[i] = ok || i > 0 && next[i-1]
			case ok && i < len(names):
				next[i+1], _ = path.Match(p, names[i])
			}
		}
		reach = next
	}
	return reach[len(names)]
}

// ignore are the rules of one .gitignore; base is its directory.
type ignore struct {
	base  string
	rules []rule
}

type rule struct {
	pattern  string
	not, dir bool
}

// parseIgnore reads a .gitignore.
func parseIgnore(base, text string) ignore {
	ig := ignore{base: base}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		var r rule
		if r.not = line[0] == '!'; r.not {
			line = line[1:]
		}
		line = strings.TrimPrefix(line, `\`)
		line, r.dir = strings.CutSuffix(line, "/")
		if strings.HasPrefix(line, "**/") && !strings.Contains(line[3:], "/") {
			line = line[3:]
		}
		if r.pattern = line; r.pattern != "" {
			ig.rules = append(ig.rules, r)
		}
	}
	return ig
}

// ignored tells what the rules of a directory and those above it say of a path. The last rule that matches counts.
func ignored(all []ignore, name string, dir bool) (is bool) {
	for _, ig := range all {
		below := name
		if ig.base != "." {
			below = strings.TrimPrefix(name, ig.base+"/")
		}
		for _, r := range ig.rules {
			if (!r.dir || dir) && gitMatch(r.pattern, below) {
				is = !r.not
			}
		}
	}
	return is
}

// gitMatch is match as .gitignore has it: there are no alternatives in braces.
func gitMatch(pattern, name string) bool {
	if !strings.Contains(pattern, "/") {
		ok, _ := path.Match(pattern, path.Base(name))
		return ok
	}
	return matchNames(strings.Split(strings.TrimPrefix(pattern, "/"), "/"), strings.Split(name, "/"))
}
