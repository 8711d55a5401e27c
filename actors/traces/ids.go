package traces

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/clawdbot/gateway/transport/otlp"
)

// TraceOf is the trace of a run, or of whatever else has a lasting name. The name cannot be read from it.
func TraceOf(name string) (t otlp.TraceID) {
	sum := sha256.Sum256([]byte("trace\x00" + name))
	copy(t[:], sum[:])
	return t
}

// SpanOf is a span in that trace: the same for the same words.
func SpanOf(name string, words ...string) (s otlp.SpanID) {
	sum := sha256.Sum256([]byte("span\x00" + name + "\x00" + strings.Join(words, "\x00")))
	copy(s[:], sum[:])
	return s
}

// NewSpan is the id of a span that is told of once and that no other one refers to.
func NewSpan() (s otlp.SpanID) {
	binary.BigEndian.PutUint64(s[:], max(1, rand.Uint64()))
	return s
}

// Sampled tells whether a trace is among the share of all that is sent. It is decided by the id alone, as OpenTelemetry's own
// programs do: the same for all parts of a trace, whoever asks.
func Sampled(t otlp.TraceID, share float64) bool {
	if share >= 1 {
		return true
	}
	return float64(binary.BigEndian.Uint64(t[8:])>>1) < share*math.Exp2(63)
}
