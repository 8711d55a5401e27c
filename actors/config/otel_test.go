package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestResolveTracing: the file before the environment, the address of traces before the one of everything, and nothing while it is off.
func TestResolveTracing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		env        map[string]string
		want       string
	}{
		{"off", "{}", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "not read at all"}, ` map[]  0`},
		{"defaults", "{diagnostics:{otel:{enabled:true}}}", nil, `http://127.0.0.1:4318/v1/traces map[] clawdbot 1`},
		{"switched off from outside", "{diagnostics:{otel:{enabled:true}}}", map[string]string{"OTEL_SDK_DISABLED": "true"}, ` map[]  0`},
		{"environment", "{diagnostics:{otel:{enabled:true}}}", map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c.test/otlp/?k=v", "OTEL_EXPORTER_OTLP_HEADERS": "a=b, Authorization=Basic%20eA==,", "OTEL_SERVICE_NAME": "box",
			"OTEL_TRACES_SAMPLER_ARG": "0.5",
		}, `https://c.test/otlp/v1/traces?k=v map[Authorization:Basic eA== a:b] box 0.5`},
		{"for traces", "{diagnostics:{otel:{enabled:true}}}", map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "https://c.test", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t.test/in",
			"OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "c=d",
		}, `https://t.test/in map[c:d] clawdbot 1`},
		{"file", "{diagnostics:{otel:{enabled:true,endpoint:'http://f.test:4318/v1/traces',headers:{x:'y'},serviceName:'f',sampleRate:0}}}", map[string]string{
			"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t.test", "OTEL_EXPORTER_OTLP_HEADERS": "a=b", "OTEL_SERVICE_NAME": "e", "OTEL_TRACES_SAMPLER_ARG": "nonsense",
		}, `http://f.test:4318/v1/traces map[x:y] f 0`},
	} {
		got, issues := ResolveTracing(mustConfig(t, c.file).Diagnostics.Otel, ParseEnv(lookup(c.env)).Otel)
		headers := map[string]string{}
		for name, value := range got.Headers {
			headers[name] = value.Reveal()
		}
		if s := fmt.Sprint(got.URL, " ", headers, " ", got.Service, " ", got.Share); s != c.want || len(issues) > 0 {
			t.Errorf("%s: %s %v, want %s", c.name, s, issues, c.want)
		}
	}
}

// TestTracing_refused: what cannot be used is said with its name, and never with its value.
func TestTracing_refused(t *testing.T) {
	t.Parallel()
	const on = "{diagnostics:{otel:{enabled:true}}}"
	for _, c := range []struct {
		name, file string
		env        map[string]string
		want       string // part of the one issue
	}{
		{"no scheme", "{diagnostics:{otel:{endpoint:'CANARY:4318'}}}", nil, "diagnostics.otel.endpoint: must be an address that begins with"},
		{"gRPC", "{diagnostics:{otel:{endpoint:'grpc://CANARY:4317'}}}", nil, "diagnostics.otel.endpoint: must be an address"},
		{"password", "{diagnostics:{otel:{endpoint:'https://u:CANARY@c.test'}}}", nil, "put them into diagnostics.otel.headers"},
		{"header", "{diagnostics:{otel:{headers:{'a b':'CANARY'}}}}", nil, "diagnostics.otel.headers.a b: is no name"},
		{"value of a header", "{diagnostics:{otel:{headers:{a:'CANARY\\nb'}}}}", nil, "diagnostics.otel.headers.a: has a value"},
		{"share", "{diagnostics:{otel:{sampleRate:2}}}", nil, "diagnostics.otel.sampleRate: must be between 0 and 1"},
		{"address in the environment", on, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "CANARY"}, "OTEL_EXPORTER_OTLP_ENDPOINT: must be an address"},
		{"address of traces", on, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://x:CANARY@c.test"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must have no user"},
		{"headers without names", on, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "CANARY"}, "OTEL_EXPORTER_OTLP_HEADERS: must be name=value"},
		{"headers that are not encoded", on, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "a=CANARY%zz"}, "OTEL_EXPORTER_OTLP_HEADERS: must be name=value"},
		{"share in the environment", on, map[string]string{"OTEL_TRACES_SAMPLER_ARG": "NaN"}, "OTEL_TRACES_SAMPLER_ARG: must be a number"},
	} {
		doc := parse(c.file)
		issues := doc.Issues
		if doc.Valid {
			issues = Guard(doc.Config, ParseEnv(lookup(withHome(c.env))), StartOptions{})
		}
		text := fmt.Sprint(issues)
		if len(issues) != 1 || !strings.Contains(text, c.want) || strings.Contains(text, "CANARY") {
			t.Errorf("%s: %v, want %s", c.name, issues, c.want)
		}
	}
}
