package wstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	table := filepath.Join(t.TempDir(), "table.json")
	if err := os.WriteFile(table, []byte(`{"cases":[
		{"stage":"first","name":"a","answers":["x*z"],"close":"1002*"},
		{"stage":"later","name":"a","answers":[],"close":"open","alive":"yes"},
		{"stage":"later","name":"b","answers":["y"],"close":"open","alive":"yes","needs":"gateway"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	good := `{"stage":"first","name":"a","responses":["x+y+z"],"close":"1002 text","after_ms":1}`
	quiet := `{"stage":"later","name":"a","close":"open","alive":"yes"}`
	method := `{"stage":"later","name":"b","responses":["y"],"close":"open","alive":"yes"}`
	for _, tc := range []struct {
		name string
		rows []string
		part Part
		want []string // the beginning of each fault
	}{
		{"all as it should be", []string{good, quiet, method}, Gateway, nil},
		{"a method's answer is not the transport's", []string{good, quiet, strings.Replace(method, `"y"`, `"n"`, 1)}, Transport, nil},
		{"but the gateway's", []string{good, quiet, strings.Replace(method, `"y"`, `"n"`, 1)}, Gateway, []string{"later / b:"}},
		{"other text", []string{strings.Replace(good, "x+", "", 1), quiet, method}, Gateway, []string{"first / a:"}},
		{"other code", []string{strings.Replace(good, "1002", "1008", 1), quiet, method}, Gateway, []string{"first / a:"}},
		{"dead afterwards", []string{good, strings.Replace(quiet, "yes", "no", 1), method}, Gateway, []string{"later / a:"}},
		{"an answer too many", []string{good, strings.Replace(quiet, `"close"`, `"responses":["x"],"close"`, 1), method}, Gateway, []string{"later / a:"}},
		{"missing and unknown", []string{quiet, method, strings.Replace(good, `"a"`, `"c"`, 1)}, Gateway, []string{"first / c: not in", "first / a: wsload did not"}},
	} {
		faults, err := compare([]byte(`{"result":[`+strings.Join(tc.rows, ",")+`]}`), table, tc.part)
		if err != nil {
			t.Fatal(err)
		}
		ok := len(faults) == len(tc.want)
		for i := 0; ok && i < len(faults); i++ {
			ok = strings.HasPrefix(faults[i].text, tc.want[i])
		}
		if !ok {
			t.Errorf("%s: faults %v, want %q", tc.name, faults, tc.want)
		}
	}
	if _, err := compare([]byte(`{"error":"dial","result":[]}`), table, Gateway); err == nil {
		t.Error("a failed run passes")
	}
}

// TestLate: a case that lacks answers is judged by the best of several plays, and nothing else is.
func TestLate(t *testing.T) {
	t.Parallel()
	w := Case{Answers: []string{"x*", "y"}, Close: "open", Alive: "yes"}
	for _, tc := range []struct {
		got  Case
		want bool
	}{
		{Case{Answers: []string{"x1"}, Close: "open", Alive: "yes"}, true},
		{Case{Close: "open", Alive: "yes"}, true},
		{Case{Answers: []string{"y"}, Close: "open", Alive: "yes"}, false},
		{Case{Answers: []string{"x1"}, Close: "1008", Alive: "yes"}, false},
		{Case{Answers: []string{"x1", "z"}, Close: "open", Alive: "yes"}, false},
		{Case{Answers: []string{"x1"}, Close: "open", Alive: "no"}, false},
	} {
		if got := w.late(tc.got); got != tc.want {
			t.Errorf("%s: late is %v", tc.got, got)
		}
	}
	ending := Case{Answers: []string{"x*"}, Close: "1009*"}
	for _, tc := range []struct {
		got  Case
		want bool
	}{
		{Case{Answers: []string{"x1"}, Close: "open", Alive: "no"}, true},
		{Case{Close: "open"}, true},
		{Case{Answers: []string{"x1"}, Close: "open", Alive: "yes"}, false},
		{Case{Answers: []string{"y"}, Close: "open", Alive: "no"}, false},
		{Case{Answers: []string{"x1"}, Close: "1002", Alive: "no"}, false},
		{Case{Answers: []string{"x1"}, Close: "1009 too big"}, false},
	} {
		if got := ending.late(tc.got); got != tc.want {
			t.Errorf("%s: late is %v", tc.got, got)
		}
	}
	a, b := fault{key: [2]string{"later", "a"}, late: true}, fault{key: [2]string{"later", "b"}, late: true}
	bad := fault{key: [2]string{"later", "c"}}
	if left := lasting([]fault{a}, []fault{a, b, bad}, false); len(left) != 2 || left[0] != a || left[1] != bad {
		t.Errorf("left %v", left)
	}
	if left := lasting(nil, []fault{a, b}, true); len(left) != 2 || !allLate(left) {
		t.Errorf("at first left %v", left)
	}
}

// The table and the program that tries its cases go together.
func TestTable_namesEveryCase(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../testdata/badframes.json")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(table), `"stage":`); n != 130 {
		t.Errorf("%d cases", n)
	}
}
