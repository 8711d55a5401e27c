package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// isCertificate tells whether a connection failed because of who the other end says it is.
func isCertificate(err error) bool {
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return verify || unknown || name || invalid
}
