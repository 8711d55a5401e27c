package config

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Diagnostics is what is told elsewhere of the gateway's work.
type Diagnostics struct {
	Otel Otel `json:"otel"`
}

// Otel has traces sent to a collector, over OTLP. What is not set here is as OpenTelemetry's own environment variables say.
type Otel struct {
	Enabled     bool              `json:"enabled"`
	Endpoint    string            `json:"endpoint"` // "/v1/traces" is added where it does not end so
	Headers     map[string]Secret `json:"headers"`
	ServiceName string            `json:"serviceName"`
	SampleRate  *float64          `json:"sampleRate" rule:"min=0,max=1"` // the share of all traces that is sent
}

// OtelEnv is what the environment says of the same, as it stands there; "" = nothing.
type OtelEnv struct {
	Disabled bool // OTEL_SDK_DISABLED
	Endpoint string
	Traces   string // OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: the address in full
	Headers  Secret // name=value, by commas
	Service  string
	Sampler  string // OTEL_TRACES_SAMPLER_ARG
}

func parseOtelEnv(get func(names ...string) string) OtelEnv {
	return OtelEnv{
		Disabled: isOn(get("OTEL_SDK_DISABLED")),
		Endpoint: get("OTEL_EXPORTER_OTLP_ENDPOINT"), Traces: get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
		Headers: Secret(get("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")),
		Service: get("OTEL_SERVICE_NAME"), Sampler: get("OTEL_TRACES_SAMPLER_ARG"),
	}
}

// Tracing is where traces go.
type Tracing struct {
	URL     string // of the collector's traces, in full; "" = nowhere
	Headers map[string]Secret
	Service string
	Share   float64 // of all traces, 0 to 1
}

const (
	defaultCollector = "http://127.0.0.1:4318"
	tracesPath       = "/v1/traces"
)

// ResolveTracing says where traces go, by the configuration, else by the environment. What cannot be used is in the issues.
func ResolveTracing(o Otel, env OtelEnv) (Tracing, []Issue) {
	d := &decoder{}
	if !o.Enabled || env.Disabled {
		return Tracing{}, nil
	}
	t := Tracing{Headers: o.Headers, Service: cmp.Or(o.ServiceName, env.Service, "clawdbot"), Share: 1}
	switch {
	case o.Endpoint != "":
		t.URL = tracesAt(o.Endpoint) // checked with the rest of the file
	case env.Traces != "":
		d.collector("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", env.Traces)
		t.URL = env.Traces
	default:
		d.collector("OTEL_EXPORTER_OTLP_ENDPOINT", cmp.Or(env.Endpoint, defaultCollector))
		t.URL = tracesAt(cmp.Or(env.Endpoint, defaultCollector))
	}
	if len(o.Headers) == 0 {
		t.Headers = d.headerList("OTEL_EXPORTER_OTLP_HEADERS", env.Headers.Reveal())
	}
	switch x, err := strconv.ParseFloat(env.Sampler, 64); {
	case o.SampleRate != nil:
		t.Share = *o.SampleRate
	case env.Sampler == "":
	case err != nil || !(x >= 0 && x <= 1):
		d.report("OTEL_TRACES_SAMPLER_ARG", "must be a number between 0 and 1: the share of all traces that is sent")
	default:
		t.Share = x
	}
	if len(d.issues) > 0 {
		return Tracing{}, d.issues
	}
	return t, nil
}

// tracesAt is the address of the traces of a collector.
func tracesAt(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	if !strings.HasSuffix(strings.TrimRight(u.Path, "/"), tracesPath) {
		u = u.JoinPath(tracesPath)
	}
	return u.String()
}

// otel checks the section.
func (d *decoder) otel(c *Config) {
	o := c.Diagnostics.Otel
	if o.Endpoint != "" {
		d.collector("diagnostics.otel.endpoint", o.Endpoint)
	}
	for name, value := range o.Headers {
		d.header(join("diagnostics.otel.headers", name), name, value.Reveal())
	}
}

// collector checks the address of one. It is not repeated: people write credentials into addresses.
func (d *decoder) collector(path, address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		d.report(path, "must be an address that begins with http:// or https://, like %s: traces go over OTLP/HTTP", defaultCollector)
	case u.User != nil:
		d.report(path, "must have no user and password in it: put them into diagnostics.otel.headers, as Authorization")
	}
}

func (d *decoder) header(path, name, value string) {
	switch {
	case name == "" || strings.Trim(name, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "":
		d.report(path, "is no name of an HTTP header")
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }):
		d.report(path, "has a value that no HTTP header can have, like one with a line break")
	}
}

// headerList reads name=value,name=value, with values in the encoding of addresses.
func (d *decoder) headerList(path, list string) map[string]Secret {
	all := map[string]Secret{}
	for pair := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil {
			d.report(path, "must be name=value, more of them after commas, with values encoded as in addresses (%%20 for a space)")
			return nil
		}
		name = strings.TrimSpace(name)
		d.header(path, name, value)
		all[name] = Secret(value)
	}
	return all
}
