package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/clawdbot/gateway/transport/wire"
)

// prompter asks a person on a terminal, in plain lines: a screen reader and a pipe can follow them.
type prompter struct {
	in    io.Reader
	lines *bufio.Reader
	out   io.Writer
}

var errInputEnded = errors.New("the input ended; nothing was written")

// ask shows a step of a dialogue and reads its answer.
func (p *prompter) ask(ctx context.Context, s *wire.WizardStep) (wire.Raw, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.show(s)
		if s.Type == "note" {
			return wire.Raw("true"), nil
		}
		line, err := p.line(s.Sensitive)
		if err != nil {
			return nil, err
		}
		v, problem := answerOf(s, line)
		if problem == "" {
			return v, nil
		}
		fmt.Fprintln(p.out, problem)
	}
}

// show prints the question, its choices, and what Enter alone means.
func (p *prompter) show(s *wire.WizardStep) {
	fmt.Fprintln(p.out)
	if s.Title != "" {
		fmt.Fprintln(p.out, printable(s.Title))
	}
	fmt.Fprintln(p.out, printable(s.Message))
	for i, o := range s.Options {
		line := fmt.Sprintf("  %d  %s", i+1, o.Label)
		if o.Hint != "" {
			line += " (" + o.Hint + ")"
		}
		fmt.Fprintln(p.out, printable(line))
	}
	switch s.Type {
	case "note":
	case "confirm":
		fmt.Fprint(p.out, yes(string(s.InitialValue) == "true", "[Y/n] ", "[y/N] "))
	case "select":
		fmt.Fprintf(p.out, "Number [%s] ", numbers(s, []string{string(s.InitialValue)}))
	case "multiselect":
		fmt.Fprintf(p.out, "Numbers, or - for none [%s] ", orElse(numbers(s, rawList(s.InitialValue)), "-"))
	default:
		if v := plainText(s.InitialValue); v != "" {
			fmt.Fprintf(p.out, "[%s] ", printable(v))
		} else {
			fmt.Fprint(p.out, "> ")
		}
	}
}

// line reads a line, without showing it when it is a secret and the input is a terminal.
func (p *prompter) line(secret bool) (string, error) {
	if f, ok := p.in.(*os.File); ok && secret && term.IsTerminal(int(f.Fd())) {
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(p.out)
		return strings.TrimSpace(string(b)), err
	}
	line, err := p.lines.ReadString('\n')
	if errors.Is(err, io.EOF) && line == "" {
		return "", errInputEnded
	}
	return strings.TrimSpace(line), nil
}

// answerOf reads a typed line as an answer to s; an empty one is the initial value.
func answerOf(s *wire.WizardStep, line string) (v wire.Raw, problem string) {
	if line == "" {
		return s.InitialValue, ""
	}
	switch s.Type {
	case "confirm":
		switch strings.ToLower(line) {
		case "y", "yes":
			return wire.Raw("true"), ""
		case "n", "no":
			return wire.Raw("false"), ""
		}
		return nil, "Type y or n."
	case "select":
		if i, ok := pick(s, line); ok {
			return s.Options[i].Value, ""
		}
		return nil, fmt.Sprintf("Type a number from 1 to %d.", len(s.Options))
	case "multiselect":
		chosen := []wire.Raw{}
		for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ' ' }) {
			i, ok := pick(s, word)
			if !ok && word != "-" {
				return nil, fmt.Sprintf("Type numbers from 1 to %d with commas, or -.", len(s.Options))
			}
			if ok {
				chosen = append(chosen, s.Options[i].Value)
			}
		}
		return encoded(chosen), ""
	}
	return encoded(line), ""
}

// pick finds an option by its number or its value.
func pick(s *wire.WizardStep, word string) (int, bool) {
	for i, o := range s.Options {
		if word == strconv.Itoa(i+1) || strings.EqualFold(word, plainText(o.Value)) {
			return i, true
		}
	}
	return 0, false
}

// numbers are the options with these values, as one types them.
func numbers(s *wire.WizardStep, values []string) string {
	var all []string
	for i, o := range s.Options {
		for _, v := range values {
			if string(o.Value) == v {
				all = append(all, strconv.Itoa(i+1))
			}
		}
	}
	return strings.Join(all, ",")
}

func rawList(v wire.Raw) []string {
	var items []wire.Raw
	_ = wire.Unmarshal(v, &items) // anything else lists nothing
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = string(item)
	}
	return all
}

func plainText(v wire.Raw) string {
	var s string
	if len(v) == 0 || wire.Unmarshal(v, &s) != nil {
		return string(v)
	}
	return s
}

// encoded is a string or a list of values as JSON, which cannot fail.
func encoded(v any) wire.Raw {
	b, _ := wire.Marshal(v)
	return b
}
