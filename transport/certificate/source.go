package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	lookEvery  = time.Second         // at the files, at most, while clients come
	renewalDue = 30 * 24 * time.Hour // before the end of a certificate of our own making
)

// Options say where the certificate is. Now and Log may be nil.
type Options struct {
	// CertPath is a PEM file with the certificate and what leads from it to an authority, KeyPath one with its private key.
	// They may be the same file.
	CertPath, KeyPath string
	// Own makes the certificate if it is not there, and makes it anew before it ends. CertPath and KeyPath are one file then,
	// and Replace gives it a new content.
	Own     bool
	Names   []string // host names and addresses in a certificate of our own making
	Replace func(path string, content []byte) error

	Now func() time.Time
	Log *slog.Logger
}

// FileError says which file cannot be used, and why.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string {
	if p, ok := errors.AsType[*fs.PathError](e.Err); ok {
		return e.Path + ": " + p.Err.Error()
	}
	return e.Path + ": " + e.Err.Error()
}

func (e *FileError) Unwrap() error { return e.Err }

// Info describes the certificate that is shown.
type Info struct {
	Fingerprint string // see Fingerprint
	Path        string
	Own         bool // of our own making
	Names       []string
	NotAfter    time.Time
	Problem     string // why a file that has changed is not used; "" = all is well
}

// Source is the certificate of a server. It is safe for concurrent use.
type Source struct {
	o Options

	mu     sync.Mutex // guards the fields below
	cert   *tls.Certificate
	info   Info
	seen   stamp // of the files, when they were last read
	looked time.Time
}

// stamp tells one state of the two files from another.
type stamp struct{ cert, key fileStamp }

type fileStamp struct {
	size int64
	mod  time.Time
}

// Load reads the two files and tells whether they can be used. It makes nothing.
func Load(certPath, keyPath string) (tls.Certificate, error) {
	certPEM, err := os.ReadFile(certPath)
	if err != nil {
		return tls.Certificate{}, &FileError{certPath, err}
	}
	keyPEM, err := os.ReadFile(keyPath)
	if err != nil {
		return tls.Certificate{}, &FileError{keyPath, err}
	}
	if _, err := firstCertificate(certPEM); err != nil {
		return tls.Certificate{}, &FileError{certPath, err}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, &FileError{keyPath, err}
	}
	return pair, nil
}

// Open loads the certificate, or makes it. An error is a *FileError, or what kept the file from being written.
func Open(o Options) (*Source, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Source{o: o}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.read()
	if o.Own && (errors.Is(err, fs.ErrNotExist) || err == nil && s.ending()) {
		err = s.renew()
	}
	if err != nil {
		return nil, err
	}
	s.looked = o.Now()
	return s, nil
}

// Info describes the certificate, as the files have it now.
func (s *Source) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.info
}

// Config is what a server needs. It speaks HTTP/1.1 only: a WebSocket is upgraded from that.
func (s *Source) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.look()
			return s.cert, nil
		},
	}
}

// look takes a file up that has changed. The caller holds mu.
func (s *Source) look() {
	now := s.o.Now()
	if since := now.Sub(s.looked); since >= 0 && since < lookEvery {
		return
	}
	s.looked = now
	var err error
	switch {
	case s.o.Own && s.ending():
		err = s.renew()
	case s.stamp() != s.seen:
		err = s.read()
	default:
		return
	}
	if err != nil {
		if s.info.Problem != err.Error() {
			s.o.Log.Warn("tls: the certificate was not taken up, the old one is still shown", "err", err)
		}
		s.info.Problem = err.Error()
		return
	}
	s.o.Log.Info("tls: another certificate is shown from now on", "fingerprint", s.info.Fingerprint)
}

// read loads the files. The caller holds mu.
func (s *Source) read() error {
	s.seen = s.stamp() // before they are read: what changes meanwhile is seen the next time
	pair, err := Load(s.o.CertPath, s.o.KeyPath)
	if err != nil {
		return err
	}
	s.show(pair)
	return nil
}

// renew makes a certificate and shows it. The caller holds mu.
func (s *Source) renew() error {
	content, err := Make(s.o.Names, s.o.Now())
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	if err := s.o.Replace(s.o.CertPath, content); err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	return s.read()
}

func (s *Source) show(pair tls.Certificate) {
	s.cert = &pair
	s.info = Info{
		Fingerprint: Fingerprint(pair.Certificate[0]), Path: s.o.CertPath, Own: s.o.Own,
		Names: namesOf(pair.Leaf), NotAfter: pair.Leaf.NotAfter,
	}
}

func (s *Source) ending() bool { return s.info.NotAfter.Sub(s.o.Now()) < renewalDue }

func (s *Source) stamp() stamp { return stamp{stampOf(s.o.CertPath), stampOf(s.o.KeyPath)} }

func stampOf(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}
	}
	return fileStamp{info.Size(), info.ModTime()}
}

func namesOf(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}
