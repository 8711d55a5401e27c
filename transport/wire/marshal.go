package wire

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is the deepest nesting of arrays and objects that an inbound frame may have.
const MaxDepth = 64

// encodeOptions: text that came from a platform must never make an event unsendable, so broken UTF-8
// goes out as U+FFFD and a Raw with a repeated key goes out as it is. Map keys are sorted, so that equal
// values have equal bytes.
var encodeOptions = json.JoinOptions(
	json.Deterministic(true),
	jsontext.AllowInvalidUTF8(true),
	jsontext.AllowDuplicateNames(true),
)

// decodeOptions: JavaScript writes a string that was cut inside an emoji as a lone surrogate escape. That
// is valid JSON text; it decodes to U+FFFD. Duplicate keys stay refused.
var decodeOptions = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(decodeInt64),
		json.UnmarshalFromFunc(decodeInt),
	)),
)

// Marshal encodes v: nil slices and maps are empty, nothing is escaped for HTML, map keys are sorted.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, encodeOptions) }

// Unmarshal decodes one JSON value into v, a pointer. Names are case-sensitive, duplicate keys and
// trailing data are errors, unknown keys are ignored. An integer may be written as 5.0 or 1e3; beyond
// ±2^53 it saturates.
func Unmarshal(b []byte, v any) error { return json.Unmarshal(b, v, decodeOptions) }

// MarshalJSONTo writes the encoded value; a nil Raw is null.
func (r Raw) MarshalJSONTo(e *jsontext.Encoder) error {
	if len(r) == 0 {
		return e.WriteToken(jsontext.Null)
	}
	return e.WriteValue(jsontext.Value(r))
}

// UnmarshalJSONFrom keeps a copy of the next value.
func (r *Raw) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	*r = append((*r)[:0:0], v...)
	return nil
}

// Valid reports why b is not exactly one JSON value without duplicate keys and at most MaxDepth deep.
func Valid(b []byte) error {
	if tooDeep(b) {
		return errDepth
	}
	r := acquireReader(b)
	defer r.release()
	if _, err := r.d.ReadValue(); err != nil {
		return err
	}
	return r.end()
}

// maxSafeInt is 2^53: the largest integer a JavaScript client can mean exactly.
const maxSafeInt = 1 << 53

func decodeInt64(d *jsontext.Decoder, out *int64) error {
	n, err := readInt(d)
	*out = n
	return err
}

func decodeInt(d *jsontext.Decoder, out *int) error {
	n, err := readInt(d)
	*out = int(n)
	return err
}

func readInt(d *jsontext.Decoder) (int64, error) {
	v, err := d.ReadValue()
	if err != nil {
		return 0, err
	}
	switch v.Kind() {
	case 'n':
		return 0, nil
	case '0':
	default:
		return 0, errors.New("want an integer, got " + v.Kind().String())
	}
	if n, ok := parseInt(v); ok {
		return n, nil
	}
	f := parseFloat(v)
	if f != math.Trunc(f) {
		return 0, errors.New("want an integer, got a fraction")
	}
	return int64(max(-maxSafeInt, min(maxSafeInt, f))), nil
}

// parseInt is the fast path for plain digits that cannot overflow.
func parseInt(v []byte) (n int64, ok bool) {
	digits := v
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 15 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) != len(v) {
		n = -n
	}
	return n, true
}

// parseFloat reads a JSON number as JavaScript would: too large is infinite, not an error.
func parseFloat(v []byte) float64 {
	f, _ := strconv.ParseFloat(string(v), 64) // only ErrRange can happen, with f = ±Inf
	return f
}

var errDepth = errors.New("nesting is deeper than 64")

// tooDeep looks for more than MaxDepth levels. It runs before the decoder, which would follow decoderDepth.
func tooDeep(b []byte) bool {
	deepest, _ := levels(b, MaxDepth)
	return deepest > MaxDepth
}

// decoderDepth is where the decoder gives up, as on what is no JSON.
const decoderDepth = 10_000

// bottomless says that b is whole as far as its brackets tell, and too deep for the decoder to find out more.
func bottomless(b []byte) bool {
	deepest, whole := levels(b, len(b))
	return whole && deepest > decoderDepth
}

// levels counts brackets outside strings, and stops once there are more than enough. whole: the last byte
// closes the last of them.
func levels(b []byte, enough int) (deepest int, whole bool) {
	b = bytes.TrimSpace(b)
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			if depth++; depth > deepest {
				deepest = depth
			}
			if depth > enough {
				return deepest, false
			}
		case '}', ']':
			if depth--; depth <= 0 {
				whole = depth == 0 && i == len(b)-1
			}
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		}
	}
	return deepest, whole
}

// reader is a pooled decoder over a byte slice.
type reader struct {
	buf bytes.Buffer
	d   *jsontext.Decoder
}

var readers = sync.Pool{New: func() any {
	r := &reader{}
	r.d = jsontext.NewDecoder(&r.buf)
	return r
}}

var readerOptions = jsontext.AllowInvalidUTF8(true)

func acquireReader(b []byte) *reader {
	r := readers.Get().(*reader)
	r.buf = *bytes.NewBuffer(b)
	r.d.Reset(&r.buf, readerOptions)
	return r
}

func (r *reader) release() {
	r.buf = bytes.Buffer{} // keep no reference to the caller's bytes
	r.d.Reset(&r.buf)
	readers.Put(r)
}

var errTrailing = errors.New("data follows the value")

// end reports an error unless only white space is left.
func (r *reader) end() error {
	if _, err := r.d.ReadToken(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}
