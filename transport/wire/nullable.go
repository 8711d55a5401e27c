package wire

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Nullable is a member with three states: absent (the zero value), null, and a value. Fields of this type
// are tagged omitzero.
type Nullable[T any] struct {
	Set   bool // the member was there
	Null  bool // and was null
	Value T
}

// Some is a present value.
func Some[T any](v T) Nullable[T] { return Nullable[T]{Set: true, Value: v} }

// Null is a present null.
func Null[T any]() Nullable[T] { return Nullable[T]{Set: true, Null: true} }

// IsZero makes omitzero leave out an absent member.
func (n Nullable[T]) IsZero() bool { return !n.Set }

// MarshalJSONTo writes the value or null.
func (n Nullable[T]) MarshalJSONTo(e *jsontext.Encoder) error {
	if !n.Set || n.Null {
		return e.WriteToken(jsontext.Null)
	}
	return json.MarshalEncode(e, n.Value)
}

// UnmarshalJSONFrom is called only for a member that is there.
func (n *Nullable[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*n = Nullable[T]{Set: true}
	if d.PeekKind() == 'n' {
		n.Null = true
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &n.Value)
}
