package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// scene is a command of a document, with the output that it shows.
type scene struct{ command, shown string }

// scenes are the indented lines of a document: commands behind a "$", with their output up to an empty line, and the others,
// which are only mentioned.
func scenes(text string) (run []scene, mentioned []string) {
	running := false
	for line := range strings.Lines(text) {
		body, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		command, is := strings.CutPrefix(body, "$ ")
		switch {
		case !indented:
			running = false
		case is:
			run, running = append(run, scene{command: command}), true
		case running:
			run[len(run)-1].shown += body + "\n"
		default:
			mentioned = append(mentioned, body)
		}
	}
	return run, mentioned
}

// TestQuickstart: docs/quickstart.md, followed literally in a home of its own.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/quickstart.md")
	if err != nil {
		t.Fatal(err)
	}
	run, mentioned := scenes(string(doc))
	if len(run) < 8 {
		t.Fatalf("%d commands found", len(run))
	}
	port := "CLAWDBOT_GATEWAY_PORT=" + freePort(t) // the page has the default one, which may be taken here
	var d *daemon
	home := t.TempDir()
	for _, s := range run {
		if s.command == "clawdbot gateway" {
			d = launchIn(t, home, []string{port, "CLAWDBOT_SKIP_PROVIDERS=1"})
			if !strings.Contains(s.shown, "listening on ws://127.0.0.1:") {
				t.Errorf("%s shows %q", s.command, s.shown)
			}
			continue
		}
		said := runAsShown(t, append(environ(t, home), port), s.command)
		want := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(s.shown)), `\.\.\.`, "(?s:.*)")
		if !regexp.MustCompile(`^` + want + `$`).MatchString(strings.TrimSpace(said)) {
			t.Errorf("%s says\n%s\nand the page shows\n%s", s.command, said, s.shown)
		}
	}
	checkMentioned(t, mentioned)
	d.stop(t)
}

// runAsShown runs a line as a shell would that knows only quotes.
func runAsShown(t *testing.T, env []string, line string) string {
	t.Helper()
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	if words[0] != "clawdbot" {
		t.Fatalf("%s: only clawdbot is run", line)
	}
	c := command(t, env, words[1:]...)
	out, err := c.CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && (!ended || c.ProcessState.ExitCode() != 0) {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// checkMentioned: what is not run, because it asks questions or needs a key, is at least a command that there is.
func checkMentioned(t *testing.T, lines []string) {
	t.Helper()
	a := &app{lookup: func(string) (string, bool) { return "", false }}
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "clawdbot" {
			continue
		}
		if c, _, err := a.root().Find(words[1:]); err != nil || !c.HasParent() || !c.Runnable() {
			t.Errorf("%s: there is no such command (%v)", line, err)
		}
	}
}
