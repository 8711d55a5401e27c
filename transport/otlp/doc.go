// Package otlp sends traces to a collector: OTLP over HTTP, as protobuf, compressed.
//
// It knows the format and what the answers mean, and makes one request at a time. It keeps nothing: what waits, what is tried
// again and what is given up is decided by its caller.
package otlp
