package tools

import "testing"

// TestListed: what stands on the list is that command and nothing that hides behind it.
func TestListed(t *testing.T) {
	t.Parallel()
	list := []string{"git status *", "ls", "make -C /src/*/lib test", "go test ./...", "node:Desk uptime"}
	line := func(s string) ExecRequest { return ExecRequest{Command: s} }
	argv := func(words ...string) ExecRequest { return ExecRequest{Argv: words} }
	for _, r := range []ExecRequest{
		line("git status"), line(" git  status -s --branch"), argv("git", "status", "a; rm -rf /"), argv("ls"), line("make -C /src/x/y/lib test"),
		line("go test ./..."), argv("node:Desk", "uptime"),
	} {
		if !Listed(list, r) {
			t.Errorf("%+v is not listed", r)
		}
	}
	for _, r := range []ExecRequest{
		{}, line(""), line(" "), argv(), argv(""),
		line("git push"), line("git"), line("gitstatus"), line("/usr/bin/git status"), argv("./git", "status"), line("ls -l"), argv("ls", ""),
		line("git status; rm x"), line("git status && rm x"), line("git status | sh"), line("git status > x"), line("git status `rm x`"),
		line("git status $(rm x)"), line("git status ${IFS}"), line("git status\nrm x"), line("git status \\x"), line("git status 'x'"), line("git status *"),
		line("git status ~"), line("git status {a,b}"), line("git status !!"), line("git status #"), line("PATH=. git status"), line("git\tstatus"),
		line("git status &"), line("git status\r"), line("git status \u2028x"), line("make -C /src/x/lib clean"), line("make -C /other/lib test"),
		argv("node:Other", "uptime"), argv("uptime"), {Command: "git status", Env: []string{"PATH=/tmp"}}, {Argv: []string{"ls"}, Env: []string{"LD_PRELOAD=x"}},
	} {
		if Listed(list, r) {
			t.Errorf("%+v is listed", r)
		}
	}
}
