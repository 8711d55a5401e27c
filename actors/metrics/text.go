package metrics

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// ContentType is what a Text is sent as: version 0.0.4 of the exposition format.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kinds of families.
const (
	Counter   = "counter"   // only grows, until the process ends
	Gauge     = "gauge"     // goes up and down
	histogram = "histogram" // a count by upper bounds
)

// Text is an exposition in the making. The zero value is empty.
type Text struct {
	b      []byte
	family string
}

// Family begins a family: all its samples follow, and its name must not come again.
func (t *Text) Family(name, kind, help string) {
	t.family = name
	t.b = append(t.b, "# HELP "+name+" "+escape(help, false)+"\n# TYPE "+name+" "+kind+"\n"...)
}

// Sample adds a sample to the family that was begun last. labels are names and values in turn; a value may be any text.
func (t *Text) Sample(value float64, labels ...string) { t.sample("", value, labels) }

// One is a family with one sample and no labels.
func (t *Text) One(name, kind, help string, value float64) {
	t.Family(name, kind, help)
	t.Sample(value)
}

func (t *Text) sample(suffix string, value float64, labels []string, more ...string) {
	t.b = append(append(t.b, t.family...), suffix...)
	open := byte('{')
	for _, all := range [][]string{labels, more} {
		for i := 0; i+1 < len(all); i += 2 {
			t.b = append(append(append(t.b, open), all[i]...), `="`...)
			t.b = append(append(t.b, escape(all[i+1], true)...), '"')
			open = ','
		}
	}
	if open == ',' {
		t.b = append(t.b, '}')
	}
	t.b = append(appendValue(append(t.b, ' '), value), '\n')
}

// histogram adds one histogram: how many there were up to each bound (the last count is of all), and their sum.
func (t *Text) histogram(bounds []time.Duration, counts []uint64, sum time.Duration, labels ...string) {
	total := uint64(0)
	for i, n := range counts {
		total += n
		le := "+Inf"
		if i < len(bounds) {
			le = strconv.FormatFloat(bounds[i].Seconds(), 'g', -1, 64)
		}
		t.sample("_bucket", float64(total), labels, "le", le)
	}
	t.sample("_sum", sum.Seconds(), labels)
	t.sample("_count", float64(total), labels)
}

// Bytes is the text so far.
func (t *Text) Bytes() []byte { return t.b }

func appendValue(b []byte, v float64) []byte {
	switch {
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case math.IsInf(v, -1):
		return append(b, "-Inf"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64) // also "NaN"
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

func escape(s string, label bool) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if label {
		return labelEscapes.Replace(s)
	}
	return helpEscapes.Replace(s)
}
