package config

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"regexp"
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

// secretShape is what is a secret wherever it stands: platform tokens, model keys, credentials inside a URL.
var secretShape = regexp.MustCompile(`\d{6,12}:[A-Za-z0-9_-]{30,}` + // Telegram; its API has it in the path, after "bot"
	`|\bx(?:ox[a-z]|app)-[A-Za-z0-9-]{10,}` + // Slack
	`|\b[MNO][A-Za-z0-9_-]{23,}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}` + // Discord
	`|\bsk-[A-Za-z0-9_-]{16,}` + // model APIs
	`|(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{8,}` +
	`|://[^/\s@"']*:[^/\s@"']+@` +
	`|[?&#](?:[a-z_-]*token|password|secret|api_?key|key|auth)=[^&\s"']+`)

// HideSecrets puts placeholder in place of whatever in text has the shape of a credential. It is the net under the
// type Secret, for text that comes from elsewhere.
func HideSecrets(text, placeholder string) string {
	return secretShape.ReplaceAllLiteralString(text, placeholder)
}
