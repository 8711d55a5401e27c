package pairing

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
)

// newToken makes the secret of a node: 32 hex digits, 128 bits.
func newToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// TokenHash is what is stored of a node's token. A plain hash will do: a token has too many bits to be guessed.
func TokenHash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

func tokenMatches(hash []byte, given string) bool {
	return subtle.ConstantTimeCompare(hash, TokenHash(given)) == 1
}
