package metrics_test

import (
	"math"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/transport/wire"
)

// parse reads an exposition as Prometheus does.
func parse(t *testing.T, text []byte) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return families
}

// Any text may be the value of a label: it comes out as it went in, and can make no line of its own.
func TestText_hostileValues(t *testing.T) {
	t.Parallel()
	hostile := "a\"} 1\nevil_total 7\n# TYPE x counter\\\u202e\x00"
	var x metrics.Text
	x.Family("clawdbot_x", metrics.Gauge, "Help with\na line and a \\.")
	x.Sample(1.5, "name", hostile, "other", "y")
	x.Sample(math.Inf(1), "name", "broken \xff utf-8", "other", "")
	families := parse(t, x.Bytes())
	if len(families) != 1 || families["clawdbot_x"].GetHelp() != "Help with\na line and a \\." {
		t.Fatalf("%v", families)
	}
	m := families["clawdbot_x"].GetMetric()
	if len(m) != 2 || m[0].GetLabel()[0].GetValue() != hostile || m[0].GetGauge().GetValue() != 1.5 {
		t.Errorf("%v", m)
	}
	if v := m[1].GetLabel()[0].GetValue(); v != "broken \uFFFD utf-8" || !math.IsInf(m[1].GetGauge().GetValue(), 1) {
		t.Errorf("%q %v", v, m[1])
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	c := metrics.NewCalls([]string{"health", "send", "health"})
	c.Of("health").Done(500*time.Microsecond, nil)
	c.Of("health").Done(5*time.Millisecond, nil) // a bound belongs to its bucket
	c.Of("health").Done(time.Hour, wire.Unavailable("no"))
	c.Of("send").Failed(wire.InvalidRequest("no"))
	c.Of("evil\n\"name\"").Done(0, &wire.Error{Code: "EVIL_CODE"})
	var x metrics.Text
	c.Write(&x)
	families := parse(t, x.Bytes())
	var got []string
	for _, m := range families["clawdbot_call_errors_total"].GetMetric() {
		got = append(got, m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue())
	}
	if want := "health UNAVAILABLE,other other,send INVALID_REQUEST"; strings.Join(got, ",") != want {
		t.Errorf("errors of %q, want %s", got, want)
	}
	h := families["clawdbot_call_duration_seconds"].GetMetric()
	if len(h) != 2 || h[0].GetLabel()[0].GetValue() != "health" {
		t.Fatalf("histograms %v", h)
	}
	b := h[0].GetHistogram()
	if b.GetSampleCount() != 3 || b.GetSampleSum() < 3600 || b.GetBucket()[0].GetCumulativeCount() != 1 || b.GetBucket()[1].GetCumulativeCount() != 2 ||
		b.GetBucket()[7].GetCumulativeCount() != 2 || b.GetBucket()[8].GetCumulativeCount() != 3 {
		t.Errorf("%v", b)
	}
	if strings.Contains(string(x.Bytes()), "evil") || strings.Contains(string(x.Bytes()), "EVIL") {
		t.Errorf("a stranger's words are in it:\n%s", x.Bytes())
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := metrics.NewTable([]string{"telegram", "slack"}, []string{"sent", "failed"})
	write := func() string {
		var x metrics.Text
		table.Write(&x, "clawdbot_deliveries_total", "Deliveries.", "surface", "outcome")
		parse(t, x.Bytes())
		return string(x.Bytes())
	}
	table.Add("telegram", "sent")
	table.Add("telegram", "sent")
	table.Add("telegram", "no such outcome")
	if s := write(); !strings.Contains(s, `{surface="telegram",outcome="sent"} 2`) || !strings.Contains(s, `{surface="slack",outcome="failed"} 0`) || strings.Contains(s, metrics.Other) {
		t.Error(s)
	}
	table.Add("-100:evil", "failed")
	if s := write(); !strings.Contains(s, `{surface="other",outcome="failed"} 1`) || strings.Contains(s, "evil") {
		t.Error(s)
	}
}

func TestWriteProcess(t *testing.T) {
	t.Parallel()
	var x metrics.Text
	metrics.WriteProcess(&x)
	families := parse(t, x.Bytes())
	for _, name := range []string{"process_cpu_seconds_total", "process_start_time_seconds", "go_info", "go_goroutines", "go_memstats_heap_alloc_bytes", "go_gc_cycles_total"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if f := families["process_resident_memory_bytes"]; f != nil && f.GetMetric()[0].GetGauge().GetValue() < 1<<20 {
		t.Errorf("resident memory %v", f)
	}
}

// Counting is on the way of every call: it allocates nothing, and a gateway without counters costs nothing.
func TestDone_allocatesNothing(t *testing.T) {
	m, failure := metrics.NewCalls([]string{"health"}).Of("health"), wire.Unavailable("no")
	var none *metrics.Calls
	if n := testing.AllocsPerRun(100, func() {
		m.Done(time.Millisecond, nil)
		m.Done(time.Second, failure)
		none.Of("health").Done(0, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDone(b *testing.B) {
	m := metrics.NewCalls([]string{"health"}).Of("health")
	b.ReportAllocs()
	for b.Loop() {
		m.Done(300*time.Microsecond, nil)
	}
}
