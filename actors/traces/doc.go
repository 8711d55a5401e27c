// Package traces is the actor that sends what the gateway did to a collector, and keeps what waits for that.
//
// Whoever has seen something puts a span into the State: that takes a lock and waits for nobody, so that a collector which is
// slow or gone slows nothing. What waits is bounded, the oldest goes first, and what went unsent is counted. Nothing of it is on
// disk. The ids of a trace and of the spans that others hang under follow from the id of the run, which is: after a restart a run
// goes on in the trace that it began in.
package traces
