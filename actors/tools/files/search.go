package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	defaultMatches = 100
	maxMatches     = 1000
	defaultFound   = 1000
	maxFound       = 10_000
	maxListed      = 2000
	maxSearched    = 8 << 20 // bytes; larger files are not looked through
	maxContext     = 20      // lines
)

type grepArgs struct {
	Pattern    string `json:"pattern"`
	Path       string `json:"path"`
	Glob       string `json:"glob"`
	IgnoreCase bool   `json:"ignoreCase"`
	Literal    bool   `json:"literal"`
	Context    int    `json:"context"`
	Limit      int    `json:"limit"`
	All        bool   `json:"includeIgnored"`
}

// grep is one search for lines.
type grep struct {
	a     grepArgs
	re    *regexp.Regexp
	limit int
	out   strings.Builder
	found int
	files int
}

// Grep shows the lines of files that match a regular expression.
func (j Jail) Grep(ctx context.Context, a grepArgs) (wire.Raw, error) {
	g := &grep{a: a, limit: within(a.Limit, defaultMatches, maxMatches)}
	g.a.Context = min(max(0, a.Context), maxContext)
	if err := g.compile(); err != nil {
		return nil, err
	}
	s, err := j.find(orDot(a.Path), false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.info == nil {
		return nil, refuse(Missing, a.Path, "there is no such file or directory")
	}
	full := false
	if s.info.IsDir() {
		full, err = j.search(ctx, s, a.All, func(dir *os.Root, rel string, info fs.FileInfo) error {
			if info.IsDir() || a.Glob != "" && !match(a.Glob, rel) {
				return nil
			}
			return g.file(ctx, j, &spot{dir: dir, name: path.Base(rel), info: info, asked: rel}, path.Join(j.display(s), rel))
		})
	} else if err = plain(a.Path, s.info); err == nil {
		err = g.file(ctx, j, s, j.display(s))
	}
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return g.answer(full || errors.Is(err, errEnough))
}

func (g *grep) compile() (err error) {
	p := g.a.Pattern
	if p == "" {
		return errors.New("grep needs pattern")
	}
	if g.a.Literal {
		p = regexp.QuoteMeta(p)
	}
	if g.a.IgnoreCase {
		p = "(?i)" + p
	}
	if g.re, err = regexp.Compile(p); err != nil {
		return fmt.Errorf("the pattern is no regular expression (%w); literal: true searches for it as it is", err)
	}
	if err := validGlob(g.a.Glob); err != nil {
		return fmt.Errorf("glob: %w", err)
	}
	return nil
}

func (g *grep) answer(full bool) (wire.Raw, error) {
	if g.found == 0 {
		note := "no matches"
		if full {
			note += " in the part that was searched; there is too much for one search: give path or glob"
		}
		return wire.Marshal(note)
	}
	if full {
		fmt.Fprintf(&g.out, "(stopped after %d matches in %d files: give path, glob or a narrower pattern)\n", g.found, g.files)
	}
	return wire.Marshal(g.out.String())
}

// file looks through one file. One that cannot be read, or is no text, has no matches.
func (g *grep) file(ctx context.Context, j Jail, s *spot, name string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f, info, err := j.regular(s)
	if err != nil || info.Size() > maxSearched {
		if err == nil {
			f.Close()
		}
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSearched))
	if err != nil || binary(b[:min(len(b), 8<<10)]) {
		return nil
	}
	return g.lines(b, name)
}

// anchored: what the pattern says of the beginning and end of a text is meant of each line.
var anchored = regexp.MustCompile(`[\^$]|\\[Az]`)

// lines shows the lines that match, each once, and those around them.
func (g *grep) lines(b []byte, name string) error {
	if !g.re.Match(b) && !anchored.MatchString(g.a.Pattern) { // whole files are matched quicker than lines
		return nil
	}
	var lines []string
	for in := bufio.NewReader(bytes.NewReader(b)); ; {
		line, rest, err := readLine(in)
		if err != nil && len(line) == 0 {
			break
		}
		lines = append(lines, display(line, rest))
	}
	shown, any := 0, false // lines up to shown were shown, or passed
	for i, line := range lines {
		if !g.re.MatchString(line) {
			continue
		}
		if !any {
			any = true
			g.files++
		}
		from := max(shown, i-g.a.Context)
		if g.a.Context > 0 && g.found > 0 && (from > shown || shown == 0) {
			g.out.WriteString("--\n")
		}
		for k := from; k < i; k++ {
			fmt.Fprintf(&g.out, "%s-%d-%s\n", name, k+1, lines[k])
		}
		fmt.Fprintf(&g.out, "%s:%d:%s\n", name, i+1, line)
		shown = i + 1
		for k := i + 1; k <= i+g.a.Context && k < len(lines) && !g.re.MatchString(lines[k]); k++ {
			fmt.Fprintf(&g.out, "%s-%d-%s\n", name, k+1, lines[k])
			shown = k + 1
		}
		if g.found++; g.found >= g.limit || g.out.Len() > maxText {
			return errEnough
		}
	}
	return nil
}

type findArgs struct {
	Pattern string `json:"pattern"`
	Path    string `json:"path"`
	Limit   int    `json:"limit"`
	All     bool   `json:"includeIgnored"`
}

// Find lists files and directories by a pattern for their names.
func (j Jail) Find(ctx context.Context, a findArgs) (wire.Raw, error) {
	if a.Pattern == "" {
		return nil, errors.New(`find needs pattern, such as "*.go" or "src/**/*.ts"`)
	}
	if err := validGlob(a.Pattern); err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	s, err := j.find(orDot(a.Path), false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.info == nil || !s.info.IsDir() {
		return nil, refuse(Missing, orDot(a.Path), "there is no such directory")
	}
	var out strings.Builder
	n, limit := 0, within(a.Limit, defaultFound, maxFound)
	full, err := j.search(ctx, s, a.All, func(_ *os.Root, rel string, info fs.FileInfo) error {
		if !match(a.Pattern, rel) {
			return nil
		}
		if n == limit || out.Len() > maxText {
			return errEnough
		}
		n++
		out.WriteString(mark(path.Join(j.display(s), rel), info))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n == 0 && !full {
		return wire.Marshal("nothing found")
	}
	if full {
		fmt.Fprintf(&out, "(stopped after %d: give path or a narrower pattern)\n", n)
	}
	return wire.Marshal(out.String())
}

type lsArgs struct {
	Path  string `json:"path"`
	Limit int    `json:"limit"`
}

// List lists a directory.
func (j Jail) List(_ context.Context, a lsArgs) (wire.Raw, error) {
	s, err := j.find(orDot(a.Path), false)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.info == nil {
		return nil, refuse(Missing, orDot(a.Path), "there is no such directory")
	}
	if !s.info.IsDir() {
		return wire.Marshal(mark(j.display(s), s.info))
	}
	w := &walk{j: j, asked: s.asked, root: s.root, never: j.never()}
	dir, err := w.enter(s.dir, s.name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := list(dir)
	if err != nil {
		return nil, j.system(s.asked, err)
	}
	var out strings.Builder
	limit := within(a.Limit, maxListed, maxListed)
	for i, name := range names {
		if i == limit || out.Len() > maxText {
			fmt.Fprintf(&out, "(%d more)\n", len(names)-i)
			break
		}
		if info, err := dir.Lstat(name); err == nil && !forbidden(w.never, info) {
			out.WriteString(mark(name, info))
		}
	}
	if len(names) == 0 {
		return wire.Marshal("(the directory is empty)")
	}
	return wire.Marshal(out.String())
}

// mark is a line of a list: directories end with a slash, links with an at sign, other special files with a question mark.
func mark(name string, info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return name + "/\n"
	case info.Mode()&fs.ModeSymlink != 0:
		return name + "@\n"
	case !info.Mode().IsRegular():
		return name + "?\n"
	}
	return fmt.Sprintf("%s (%d bytes)\n", name, info.Size())
}

func within(n, otherwise, most int) int {
	if n <= 0 {
		n = otherwise
	}
	return min(n, most)
}

func orDot(p string) string {
	if p == "" {
		return "."
	}
	return p
}
