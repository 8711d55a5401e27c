// Package prometheus stands in for what would tell Prometheus of OpenTelemetry's measurements. The gateway has /metrics of its own (actors/metrics).
package prometheus

import (
	"errors"

	"go.opentelemetry.io/otel/sdk/metric"
)

// Exporter cannot be had.
type Exporter struct{ metric.Reader }

// New fails: the actor engine's own server for Prometheus is not in this program.
func New() (*Exporter, error) {
	return nil, errors.New("this program was built without the actor engine's metrics: use the gateway's /metrics")
}
