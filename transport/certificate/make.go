package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

// lifetime of a certificate of our own making. It is known by its fingerprint, which a renewal changes for every client: so it
// is long.
const lifetime = 10 * 365 * 24 * time.Hour

// mostNames in a certificate: a machine with very many addresses has them not all there.
const mostNames = 100

// Make makes a certificate that is signed by itself, for these host names and addresses, and its private key: one PEM file.
func Make(names []string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "clawdbot gateway"},
		NotBefore:    now.Add(-time.Hour), // clocks differ
		NotAfter:     now.Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true, // no authority: nobody's browser that trusts it trusts what it signs
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		switch ip := net.ParseIP(name); {
		case len(t.IPAddresses)+len(t.DNSNames) >= mostNames:
		case ip != nil:
			t.IPAddresses = append(t.IPAddresses, ip)
		case isHostName(name):
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(content, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), nil
}

// isHostName keeps out what a certificate cannot carry.
func isHostName(s string) bool {
	return s != "" && len(s) <= 253 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-._") == ""
}

// firstCertificate is the first one of a PEM file, the one that belongs to the key.
func firstCertificate(content []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errors.New("has no certificate in it: a PEM file has a line BEGIN CERTIFICATE")
}
