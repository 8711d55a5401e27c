package faulttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const doc = "../../../docs/faults.md"

// report compares the tables with those of the document, or writes them with -update. The second one is of one run: it
// is only there to be read.
func report(t *testing.T, all []cell, results []*seen) {
	outcome, one := outcomeTable(all), seenTable(all, results)
	t.Log("\n" + one)
	path := filepath.FromSlash(doc)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if *update {
		text = replace(t, replace(t, text, "outcome", outcome), "seen", one)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, have, _ := section(t, text, "outcome"); have != outcome {
		t.Errorf("the table in %s is not what the matrix shows; write it with: go test ./actors/gateway/faulttest -update", doc)
	}
}

// outcomeTable is what each cell was held to, and kept.
func outcomeTable(all []cell) string {
	var b strings.Builder
	b.WriteString("| actor | fault | what happens | sockets closed | calls | runs | events | Telegram |\n|---|---|---|---|---|---|---|---|\n")
	for _, c := range all {
		x := c.expect
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", c.kind, c.fault, x.says,
			closed(x),
			pick(x.refused, "answered once, or refused as retryable", "answered once"),
			pick(x.died, "one final state; those hit end with an error", "one final state, their own"),
			events(x),
			pick(x.unsure, "each once, or listed ambiguous", "each once"))
	}
	return b.String()
}

func closed(x expect) string {
	if x.unknown {
		return "the node's"
	}
	return []string{"none", "the client's own, 1011", "all, 1011"}[x.closes]
}

func events(x expect) string {
	switch {
	case x.lost:
		return "no gap; what is lost is announced"
	case x.twice:
		return "no gap; some twice"
	case x.closes == everybody:
		return "no gap on a socket; what comes between two sockets is missed"
	}
	return "no gap; each end of a run once"
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// seenTable is what one run of the matrix saw.
func seenTable(all []cell, results []*seen) string {
	var b strings.Builder
	fmt.Fprintf(&b, "FAULT_SEED=%d\n\n", seed)
	b.WriteString("| actor | fault | injected | restarts | sockets closed | refused | repeated | notices | ambiguous | slowest health of the uninvolved client | slowest answer |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i, c := range all {
		r := results[i]
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %v | %v |\n", c.kind, c.fault, r.Fired, r.Restarts, r.Closed, r.Refused,
			r.Retries, r.Notices, r.Ambiguous, r.Slowest.Round(time.Millisecond), r.Answer.Round(time.Millisecond))
	}
	return b.String()
}

// section is what stands between the marks of a table.
func section(t *testing.T, text, name string) (before, table, after string) {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	before, rest, ok := strings.Cut(text, begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks %q", doc, name)
	}
	return before + begin, table, end + after
}

func replace(t *testing.T, text, name, table string) string {
	t.Helper()
	before, _, after := section(t, text, name)
	return before + table + after
}
