package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// exposition is what /metrics says.
type exposition struct {
	text     string
	families map[string]*dto.MetricFamily
}

func scrape(t testing.TB, g *gateway.Gateway) exposition {
	t.Helper()
	text := get(t, "http://"+g.Addr()+"/metrics")
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return exposition{text, families}
}

// value is the value of the sample with these labels, names and values in turn; -1 when there is none.
func (e exposition) value(name string, labels ...string) float64 {
	for _, m := range e.families[name].GetMetric() {
		have := map[string]string{}
		for _, l := range m.GetLabel() {
			have[l.GetName()] = l.GetValue()
		}
		same := len(have)*2 == len(labels)
		for i := 0; i < len(labels); i += 2 {
			same = same && have[labels[i]] == labels[i+1]
		}
		if same {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

// soon waits until done says so.
func soon(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx := deadline(t)
	for !done() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal("waited in vain until ", what)
		}
	}
}

// TestMetrics: what happened is counted, every family is declared once, and no word of anybody is in it, however it is called.
func TestMetrics(t *testing.T) {
	t.Parallel()
	const canary = "CANARY\"} 1\nclawdbot_evil_total 7\n#"
	fake := telegramfake.Start(t, telegramfake.Options{})
	s := telegramOn(fake, `allowFrom: ["*"]`)
	g := s.start(t)
	c := dial(t, g.URL(), func(p *wire.ConnectParams) { p.Client.Name, p.Client.InstanceID = canary, canary })
	c.call("health", `{}`)
	c.call("sessions.list", `{"x":"`+strings.ReplaceAll(strings.ReplaceAll(canary, `"`, `\"`), "\n", `\n`)+`"}`)
	c.call("CANARY.method", `{}`)
	c.call("agent", runAgent("CANARY:key", "CANARY !text", "CANARY-idem"))
	fake.Push(telegramfake.Direct(7, "hello "+canary))
	var e exposition
	soon(t, "what happened is counted", func() bool {
		e = scrape(t, g)
		return e.value("clawdbot_runs_total", "kind", "inbound", "state", "done") == 1 &&
			e.value("clawdbot_deliveries_total", "surface", "telegram", "outcome", "sent") >= 1
	})
	for _, want := range []struct {
		least  float64
		name   string
		labels []string
	}{
		{1, "clawdbot_call_duration_seconds", []string{"method", "health"}},
		{1, "clawdbot_call_errors_total", []string{"method", "sessions.list", "code", "INVALID_REQUEST"}},
		{1, "clawdbot_call_errors_total", []string{"method", "other", "code", "INVALID_REQUEST"}},
		{1, "clawdbot_call_duration_seconds", []string{"method", "agent"}},
		{1, "clawdbot_runs_total", []string{"kind", "agent", "state", "done"}},
		{1, "clawdbot_runs_total", []string{"kind", "inbound", "state", "done"}},
		{1, "clawdbot_deliveries_total", []string{"surface", "telegram", "outcome", "sent"}},
		{0, "clawdbot_deliveries_total", []string{"surface", "telegram", "outcome", "ambiguous"}},
		{1, "clawdbot_surface_accounts", []string{"surface", "telegram", "state", "up"}},
		{0, "clawdbot_surface_accounts", []string{"surface", "telegram", "state", "terminal"}},
		{1, "clawdbot_surface_inbound_total", []string{"surface", "telegram"}},
		{0, "clawdbot_surface_last_inbound_age_seconds", []string{"surface", "telegram"}},
		{0, "clawdbot_surface_silence_seconds", []string{"surface", "telegram"}},
		{0, "clawdbot_surface_reconnects_total", []string{"surface", "telegram"}},
		{1, "clawdbot_actors", []string{"kind", "store"}}, {1, "clawdbot_actors", []string{"kind", "conn"}},
		{1, "clawdbot_actor_messages_total", []string{"kind", "router"}},
		{0, "clawdbot_actor_oldest_message_seconds_max", []string{"kind", "outbox"}},
		{1, "clawdbot_clients", nil}, {1, "clawdbot_clients_accepted_total", nil}, {1, "clawdbot_events_total", nil},
		{0, "clawdbot_slow_clients_total", nil}, {1, "clawdbot_store_commits_total", nil}, {1, "clawdbot_store_readable", nil},
		{0, "clawdbot_outbox_queued_oldest_seconds", nil}, {0, "clawdbot_dead_letters", []string{"state", "ambiguous"}},
		{0, "clawdbot_inbox_pending", nil}, {0, "clawdbot_runs_waiting", nil}, {0, "clawdbot_nodes", nil},
		{1, "clawdbot_ready", []string{"part", "store"}}, {1, "go_goroutines", nil}, {0, "clawdbot_uptime_seconds", nil},
	} {
		if v := e.value(want.name, want.labels...); v < want.least {
			t.Errorf("%s%v is %v, want %v or more", want.name, want.labels, v, want.least)
		}
	}
	if strings.Contains(e.text, "CANARY") || strings.Contains(e.text, "evil") {
		t.Errorf("somebody's words are in it:\n%s", e.text)
	}
	for name, f := range e.families {
		if f.GetHelp() == "" || strings.Count(e.text, "# HELP "+name+" ") != 1 || strings.Count(e.text, "# TYPE "+name+" ") != 1 {
			t.Errorf("%s is not declared once, with help", name)
		}
	}
}

// TestMetrics_off: the configuration takes them away while it runs, and nothing but reading is answered.
func TestMetrics_off(t *testing.T) {
	t.Parallel()
	g := setup{config: `{gateway: {metrics: {enabled: false}}}`}.start(t)
	for method, want := range map[string]int{http.MethodGet: 404, http.MethodPost: 405} {
		req, err := http.NewRequest(method, "http://"+g.Addr()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := httpClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != want {
			b, _ := io.ReadAll(resp.Body)
			t.Errorf("%s: %d %s, want %d", method, resp.StatusCode, b, want)
		}
	}
}

// TestReady_parts: /readyz says which part it is, and why.
func TestReady_parts(t *testing.T) {
	t.Parallel()
	broken := make(chan error, 1)
	fault := func(stage string) error {
		select {
		case err := <-broken:
			broken <- err
			if stage == "commit" {
				return err
			}
		default:
		}
		return nil
	}
	g := setup{options: func(o *gateway.Options) { o.StoreFault = fault }}.start(t)
	ready := func() (int, string) {
		return fetchAs(t, httpClient(), http.MethodGet, "http://"+g.Addr()+"/readyz", nil, "")
	}
	if status, body := ready(); status != 200 || !strings.Contains(body, `{"part":"store","ok":true}`) {
		t.Errorf("%d %s", status, body)
	}
	broken <- fmt.Errorf("no space left on device")
	c := dial(t, g.URL())
	if f := c.call("agent", runAgent("main", "hi", "one")); f.OK {
		t.Errorf("accepted: %s", f.raw)
	}
	status, body := ready()
	if status != 503 || !strings.Contains(body, `"part":"store","ok":false,"reasons":["the database cannot be written`) || !strings.Contains(body, "no space left on device") {
		t.Errorf("%d %s", status, body)
	}
	if e := scrape(t, g); e.value("clawdbot_ready", "part", "store") != 0 || e.value("clawdbot_store_failures_total") < 1 {
		t.Errorf("metrics do not say so:\n%s", e.text)
	}
	<-broken
	c.call("agent", runAgent("main", "hi", "two"))
	if status, body := ready(); status != 200 {
		t.Errorf("once it can be written again: %d %s", status, body)
	}
}
