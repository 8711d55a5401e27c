// Package metrics is what the gateway counts of itself, and the text in which Prometheus reads it.
//
// Counting is on everybody's way, so it takes no lock, allocates nothing and asks nobody: a number is added to a place that
// was made at the start. The labels are fixed at the start, too: a name that nobody expected counts under Other, so what
// strangers send can neither make the output grow nor appear in it.
package metrics
