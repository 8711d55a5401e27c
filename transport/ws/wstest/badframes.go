package wstest

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Case is one input of `wsload badframes` and what came of it.
type Case struct {
	Stage   string   `json:"stage"` // http, first, later
	Name    string   `json:"name"`
	Answers []string `json:"answers"`
	Close   string   `json:"close"` // close code and reason, or open
	Alive   string   `json:"alive"` // later: a call afterwards is answered
	Needs   string   `json:"needs"` // "gateway": the answer comes from a method or a page
	Why     string   `json:"why"`   // why other servers of the protocol answer differently
}

// Part says which rows of the table hold for the server under test.
type Part int

// Parts.
const (
	Transport Part = iota // a transport/ws server with any methods behind it
	Gateway               // the whole gateway
)

// CompareBadframes checks the output of `wsload badframes` against the table at tablePath: every case of
// the table that part can answer must have been tried and answered as the table says, and no other case
// may be there. play makes that output. wsload looks at what has come after 0.8 s: on a machine with other work an answer may be
// later, so that cases whose answers are missing are judged by the best of four plays.
func CompareBadframes(t testing.TB, play func() []byte, tablePath string, part Part) {
	t.Helper()
	var faults []fault
	for n := range 4 {
		now, err := compare(play(), tablePath, part)
		if err != nil {
			t.Fatal(err)
		}
		if faults = lasting(faults, now, n == 0); !allLate(faults) || len(faults) == 0 {
			break
		}
	}
	for _, f := range faults {
		t.Error(f.text)
	}
}

// fault is a case that was not answered as it should be.
type fault struct {
	key  [2]string
	text string
	late bool // what has been answered is right: only, there is less than there should be
}

func allLate(faults []fault) bool {
	return !slices.ContainsFunc(faults, func(f fault) bool { return !f.late })
}

// lasting are the faults of this play but for those that were late now and not before.
func lasting(before, now []fault, first bool) (left []fault) {
	for _, f := range now {
		if first || !f.late || slices.ContainsFunc(before, func(b fault) bool { return b.key == f.key }) {
			left = append(left, f)
		}
	}
	return left
}

func compare(got []byte, tablePath string, part Part) ([]fault, error) {
	b, err := os.ReadFile(tablePath)
	if err != nil {
		return nil, err
	}
	var table struct {
		Cases []Case `json:"cases"`
	}
	if err := json.Unmarshal(b, &table); err != nil {
		return nil, fmt.Errorf("%s: %w", tablePath, err)
	}
	var run struct {
		Error  string `json:"error"`
		Result []struct {
			Case
			Responses []string `json:"responses"`
		} `json:"result"`
	}
	if err := json.Unmarshal(got, &run); err != nil {
		return nil, fmt.Errorf("output of wsload: %w", err)
	}
	if run.Error != "" {
		return nil, fmt.Errorf("wsload: %s", run.Error)
	}
	want := make(map[[2]string]Case, len(table.Cases))
	for _, c := range table.Cases {
		want[[2]string{c.Stage, c.Name}] = c
	}
	var faults []fault
	for _, r := range run.Result {
		key := [2]string{r.Stage, r.Name}
		w, ok := want[key]
		delete(want, key)
		r.Answers = r.Responses
		switch {
		case !ok:
			faults = append(faults, fault{key, fmt.Sprintf("%s / %s: not in the table", r.Stage, r.Name), false})
		case w.Needs == "gateway" && part != Gateway:
		case !w.met(r.Case):
			faults = append(faults, fault{key, fmt.Sprintf("%s / %s:\ngot  %s\nwant %s", r.Stage, r.Name, r.Case, w), w.late(r.Case)})
		}
	}
	for _, w := range table.Cases {
		if key := [2]string{w.Stage, w.Name}; want[key].Name != "" {
			faults = append(faults, fault{key, fmt.Sprintf("%s / %s: wsload did not try it", w.Stage, w.Name), false})
		}
	}
	return faults, nil
}

// met says whether got is what the row w asks for.
func (w Case) met(got Case) bool {
	if len(got.Answers) != len(w.Answers) || got.Alive != w.Alive || !like(w.Close, got.Close) {
		return false
	}
	for i, pattern := range w.Answers {
		if !like(pattern, got.Answers[i]) {
			return false
		}
	}
	return true
}

// late says whether got lacks nothing but answers, or the end: one that comes after the look has no call answered either.
func (w Case) late(got Case) bool {
	n := len(got.Answers)
	less := w
	less.Answers = w.Answers[:min(n, len(w.Answers))]
	unended := w.Close != "open" && got.Close == "open" && got.Alive != "yes"
	if unended {
		less.Close, less.Alive = got.Close, got.Alive
	}
	return (n < len(w.Answers) || unended) && less.met(got)
}

// like matches s against a pattern in which * stands for any text.
func like(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(s)
}

func (w Case) String() string {
	return fmt.Sprintf("close %q alive %q answers %q", w.Close, w.Alive, w.Answers)
}
