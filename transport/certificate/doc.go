// Package certificate is the certificate that the gateway shows over TLS, and the fingerprint by which clients know it.
//
// A Source serves the certificate of two PEM files of the user's, or one of its own making: signed by nobody, so clients
// compare its fingerprint instead of asking an authority. It owns the file of its own making, and notices at a handshake that a
// file has changed; one that cannot be used changes nothing but what Info says. It runs no goroutine.
package certificate
