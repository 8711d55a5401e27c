package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// LoadDotEnv reads .env files, the first before the later ones, and returns the variables that they add to those of
// lookup: what is set already, even to nothing, stays. A file that is not there adds nothing. Issues name a file and
// what is wrong with it; the other lines of such a file count.
//
// It sets nothing: WithVars lays the result under a lookup.
func LoadDotEnv(lookup LookupFunc, paths ...string) (map[string]string, []Issue) {
	vars := map[string]string{}
	var issues []Issue
	for _, path := range paths {
		text, err := readFile(path)
		if err == nil && len(text) > MaxBytes {
			err = errors.New("larger than 4 MiB")
		}
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				issues = append(issues, Issue{Path: path, Message: "was not read: " + err.Error()})
			}
			continue
		}
		found, bad := parseDotEnv(text)
		for _, message := range bad {
			issues = append(issues, Issue{Path: path, Message: message})
		}
		for name, value := range found {
			if _, set := lookup(name); set {
				continue
			}
			if _, set := vars[name]; !set {
				vars[name] = value
			}
		}
	}
	return vars, issues
}

// WithVars is lookup, then vars.
func WithVars(lookup LookupFunc, vars map[string]string) LookupFunc {
	return func(name string) (string, bool) {
		if v, ok := lookup(name); ok {
			return v, true
		}
		v, ok := vars[name]
		return v, ok
	}
}

// DotEnv lays two .env files under lookup: the one in dir, then the one in the state directory, which the first may
// have named. What is set already, even to nothing, stays.
func DotEnv(lookup LookupFunc, dir string) (LookupFunc, []Issue) {
	var all []Issue
	for _, at := range []func() string{
		func() string { return dir },
		func() string { return ParseEnv(lookup).StateDir },
	} {
		vars, issues := LoadDotEnv(lookup, filepath.Join(at(), ".env"))
		lookup, all = WithVars(lookup, vars), append(all, issues...)
	}
	return lookup, all
}

// parseDotEnv reads lines NAME=value. A value may stand in quotes, also over several lines; only double quotes know
// \n, \r and \t. Without quotes it ends at " #". A later line wins over an earlier one. bad never repeats the text.
func parseDotEnv(text string) (vars map[string]string, bad []string) {
	vars = map[string]string{}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	for line := 1; text != ""; {
		ok, value, rest := true, "", ""
		first, after, _ := strings.Cut(text, "\n")
		name, _, found := strings.Cut(strings.TrimSpace(first), "=")
		name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
		switch trimmed := strings.TrimSpace(first); {
		case trimmed == "" || trimmed[0] == '#':
			name, rest = "", after
		case !found || !isVariableName(name):
			ok, rest = false, after
		default:
			_, from, _ := strings.Cut(text, "=")
			value, rest, ok = dotEnvValue(from)
		}
		if !ok {
			if len(bad) < maxIssues {
				bad = append(bad, "line "+strconv.Itoa(line)+": is not NAME=value")
			}
		} else if name != "" {
			vars[name] = value
		}
		line += strings.Count(text[:len(text)-len(rest)], "\n")
		text = rest
	}
	return vars, bad
}

// dotEnvValue reads a value at the start of text and returns what follows its line. On a mistake the line is skipped.
func dotEnvValue(text string) (value, rest string, ok bool) {
	line, after, _ := strings.Cut(text, "\n")
	trimmed := strings.TrimLeft(line, " \t")
	if trimmed == "" || !strings.ContainsRune("\"'`", rune(trimmed[0])) {
		if i := strings.Index(" "+strings.ReplaceAll(line, "\t", " "), " #"); i >= 0 {
			line = line[:max(0, i-1)]
		}
		return strings.TrimSpace(line), after, true
	}
	quote := trimmed[0]
	body := text[strings.IndexByte(text, quote)+1:]
	end := closingQuote(body, quote)
	if end < 0 {
		return "", after, false
	}
	tail, after, _ := strings.Cut(body[end+1:], "\n")
	if tail = strings.TrimSpace(tail); tail != "" && tail[0] != '#' {
		return "", after, false
	}
	value = body[:end]
	if quote == '"' {
		value = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`).Replace(value)
	}
	return value, after, true
}

func closingQuote(body string, quote byte) int {
	for i := 0; i < len(body); i++ {
		switch {
		case body[i] == quote:
			return i
		case body[i] == '\\' && quote == '"':
			i++
		}
	}
	return -1
}

func isVariableName(s string) bool {
	for i, r := range s {
		if r != '_' && r != '.' && !(r < unicode.MaxASCII && unicode.IsLetter(r)) && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
