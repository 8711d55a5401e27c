package tools

import (
	"context"
	"slices"
	"strings"
)

// ExecRequest is a command that is about to be run. Either Argv or Command is set.
type ExecRequest struct {
	Argv    []string // program and arguments, run without a shell; on a device "node:<name>" stands first
	Command string   // a line for the shell
	Cwd     string   // absolute
	Env     []string // variables that the call sets, "NAME=value", sorted
}

// EnvList has variables as an ExecRequest has them.
func EnvList(env map[string]string) (list []string) {
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// Approve asks whether a command may be run, and waits for the person who decides where one is to be asked. The error is
// for the model; nil = run it. It must be asked for each command, after everything that the caller was told was counted in
// (Caller is that of the call).
type Approve func(ctx context.Context, c Caller, r ExecRequest) error

// Listed tells whether a pattern stands for a command: "git status *" is the program git with status and any other arguments. The
// program must be the word itself; in the others "*" is any characters, and as the last word any number of arguments. A line
// for the shell is listed only if it has nothing in it that the shell reads: no quotes, variables, pipes or second commands. A
// command with variables of its own is never listed: with PATH, say, its program could be any.
func Listed(patterns []string, r ExecRequest) bool {
	if len(r.Env) > 0 {
		return false
	}
	words := r.Argv
	if r.Command != "" {
		words = plainWords(r.Command)
	}
	return len(words) > 0 && slices.ContainsFunc(patterns, func(p string) bool { return matchWords(strings.Fields(p), words) })
}

// plainWords are the words of a line that the shell takes as they are; nil = it may do more with them.
func plainWords(line string) []string {
	if strings.Trim(line, plainBytes) != "" {
		return nil
	}
	words := strings.Fields(line)
	if len(words) > 0 && strings.Contains(words[0], "=") {
		return nil
	}
	return words
}

const plainBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:@,+% "

func matchWords(pattern, words []string) bool {
	if len(pattern) == 0 || pattern[0] != words[0] {
		return false
	}
	pattern, words = pattern[1:], words[1:]
	for i, p := range pattern {
		switch {
		case p == "*" && i == len(pattern)-1:
			return true
		case i >= len(words) || !matchWord(p, words[i]):
			return false
		}
	}
	return len(words) == len(pattern)
}

func matchWord(p, word string) bool {
	parts := strings.Split(p, "*")
	if len(parts) == 1 {
		return p == word
	}
	rest, ok := strings.CutPrefix(word, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
