package pairing

import (
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/store"
)

const (
	codeLength  = 8
	codeLife    = 10 * time.Minute
	maxPending  = 3           // codes per account
	resendAfter = time.Minute // the same code goes out again at most this often
)

// alphabet has 32 letters, so a code has 40 bits. I and O are left out: they read as digits.
const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// NewCode makes a random code.
func NewCode() string {
	b := make([]byte, codeLength)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b)
}

// normalize is a code as a person typed it, in the form it was issued in.
func normalize(typed string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, typed))
}

// match finds the valid code that was typed. It takes the same time whatever was typed and whichever code it is.
func match(codes []store.PairCode, typed string, now int64) (store.PairCode, bool) {
	want := []byte(normalize(typed))
	var found store.PairCode
	ok := false
	for _, c := range codes {
		if subtle.ConstantTimeCompare([]byte(c.Code), want) == 1 && now < c.ExpiresAt {
			found, ok = c, true
		}
	}
	return found, ok
}
