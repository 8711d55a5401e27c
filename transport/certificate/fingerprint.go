package certificate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Fingerprint is the SHA-256 of a certificate in the form in which openssl and browsers show it: "AB:CD:…".
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}

// ErrFingerprint says that a text is no fingerprint.
var ErrFingerprint = errors.New("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits, colons between them or not")

// ParseFingerprint reads a fingerprint as people copy it: with or without colons, in any case, after "SHA256:" or not.
func ParseFingerprint(s string) (sum [sha256.Size]byte, err error) {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '='); i >= 0 { // the line of openssl x509 -fingerprint
		s = s[i+1:]
	}
	for _, prefix := range []string{"sha256:", "sha-256:"} {
		if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
			s = s[len(prefix):]
		}
	}
	b, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(s))
	if err != nil || len(b) != len(sum) {
		return sum, ErrFingerprint
	}
	return [sha256.Size]byte(b), nil
}
