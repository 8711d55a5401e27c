package config

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"strings"
)

// Redacted stands where a secret would be in everything a client is shown.
const Redacted = "__REDACTED__"

// Secret is a credential. However it is printed, logged or encoded, its value stays hidden; Reveal is the one way out.
type Secret string

// Reveal returns the value. What it returns must not reach a log, an error or a client.
func (s Secret) Reveal() string { return string(s) }

// String hides the value; an empty secret is "".
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes the placeholder that clients send back to keep a value.
func (s Secret) MarshalJSON() ([]byte, error) {
	if s == "" {
		return []byte(`""`), nil
	}
	return []byte(`"` + Redacted + `"`), nil
}

// Format keeps every other verb (%x, %d) from printing the value.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		fmt.Fprint(f, s.GoString())
		return
	}
	fmt.Fprint(f, s.String())
}

// Equal compares in constant time, also when the lengths differ. An empty secret equals nothing.
func (s Secret) Equal(given string) bool {
	a, b := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(given))
	return s != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// unusable reports a credential that is present and yet none: the mark of a template or script that failed.
func (s Secret) unusable() bool {
	switch strings.ToLower(strings.TrimSpace(string(s))) {
	case "", "undefined", "null":
		return true
	}
	return false
}
