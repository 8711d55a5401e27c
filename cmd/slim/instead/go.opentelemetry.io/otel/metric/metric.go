// Package metric stands in for OpenTelemetry's instruments: what they are told is dropped.
package metric

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
)

// MeterProvider is what the actor engine is given to have itself measured. The gateway gives it none, and counts by its own means (actors/metrics).
type MeterProvider interface{ Meter(name string) Meter }

// Meter makes instruments that drop what they are told.
type Meter struct{}

func (Meter) Int64Counter(string, ...Option) (Int64Counter, error)     { return Int64Counter{}, nil }
func (Meter) Int64Histogram(string, ...Option) (Int64Histogram, error) { return Int64Histogram{}, nil }
func (Meter) Float64Histogram(string, ...Option) (Float64Histogram, error) {
	return Float64Histogram{}, nil
}
func (Meter) Int64ObservableGauge(string, ...Option) (Int64ObservableGauge, error) {
	return Int64ObservableGauge{}, nil
}

// RegisterCallback drops f: nobody observes.
func (Meter) RegisterCallback(f Callback, _ ...Int64ObservableGauge) (any, error) { return nil, nil }

type (
	Int64Counter         struct{}
	Int64Histogram       struct{}
	Float64Histogram     struct{}
	Int64ObservableGauge struct{}
	Callback             func(context.Context, Observer) error
	Observer             struct{}
	Option               struct{}
)

func (Int64Counter) Add(context.Context, int64, ...Option)                 {}
func (Int64Histogram) Record(context.Context, int64, ...Option)            {}
func (Float64Histogram) Record(context.Context, float64, ...Option)        {}
func (Observer) ObserveInt64(_ Int64ObservableGauge, _ int64, _ ...Option) {}

func WithAttributes(...attribute.KeyValue) Option { return Option{} }
func WithDescription(string) Option               { return Option{} }
func WithUnit(string) Option                      { return Option{} }
