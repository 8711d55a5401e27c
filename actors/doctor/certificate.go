package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"time"

	"github.com/clawdbot/gateway/transport/certificate"
)

// certificateSoon is how long before its end a certificate of the user's should have been renewed.
const certificateSoon = 14 * 24 * time.Hour

// isCertificate tells whether a connection failed because of who the other end says it is.
func isCertificate(err error) bool {
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return verify || unknown || name || invalid
}

// certificate: the one that the gateway shows can be used, and for a while yet.
func (p *patient) certificate() {
	if !p.cfg.Gateway.TLS.Enabled {
		return
	}
	cert, key, own := p.Env.CertFiles(p.cfg)
	pair, err := certificate.Load(cert, key)
	if own && errors.Is(err, fs.ErrNotExist) {
		return // the first start makes it
	}
	if err != nil {
		next := "Correct gateway.tls.certPath and gateway.tls.keyPath, or unset both: the gateway makes a certificate of its own then."
		if own {
			next = "Remove " + cert + ": the next start makes another one, with another fingerprint."
		}
		p.add("tls.certificate", Error, next, "the gateway cannot show its certificate: %v", err)
		return
	}
	left := pair.Leaf.NotAfter.Sub(p.Host.Now())
	switch day := pair.Leaf.NotAfter.UTC().Format(time.DateOnly); {
	case own && left < 0: // a gateway that runs would have made another one
		p.add("tls.ending", Warning, "Start the gateway: it makes another one, with another fingerprint.", "the gateway's certificate has ended on %s", day)
	case left < 0:
		p.add("tls.ending", Error, "Renew "+cert+": a new file is taken up without a restart.", "the gateway's certificate has ended on %s", day)
	case !own && left < certificateSoon:
		p.add("tls.ending", Warning, "Renew "+cert+": a new file is taken up without a restart.", "the gateway's certificate ends on %s", day)
	}
	p.add("tls.fingerprint", Info, "Clients compare it: --tls-fingerprint, gateway.remote.tlsFingerprint.", "the SHA-256 fingerprint of the gateway's certificate is %s", certificate.Fingerprint(pair.Certificate[0]))
}
