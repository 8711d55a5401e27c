package wstest

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
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
// one is in the other, with the same answers.
func CompareBadframes(t testing.TB, got []byte, tablePath string, part Part) {
	t.Helper()
	faults, err := compare(got, tablePath, part)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

func compare(got []byte, tablePath string, part Part) ([]string, error) {
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
	var faults []string
	for _, r := range run.Result {
		key := [2]string{r.Stage, r.Name}
		w, ok := want[key]
		delete(want, key)
		r.Answers = r.Responses
		switch {
		case !ok:
			faults = append(faults, fmt.Sprintf("%s / %s: not in the table", r.Stage, r.Name))
		case w.Needs == "gateway" && part != Gateway:
		case !w.met(r.Case):
			faults = append(faults, fmt.Sprintf("%s / %s:\ngot  %s\nwant %s", r.Stage, r.Name, r.Case, w))
		}
	}
	for _, w := range table.Cases {
		if _, left := want[[2]string{w.Stage, w.Name}]; left {
			faults = append(faults, fmt.Sprintf("%s / %s: wsload did not try it", w.Stage, w.Name))
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
