package certificate

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that the test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func write(path string, content []byte) error { return os.WriteFile(path, content, 0o600) }

// shown is the fingerprint of what a client would be shown.
func shown(t *testing.T, s *Source) string {
	t.Helper()
	c, err := s.Config().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Fingerprint(c.Certificate[0])
}

func TestSource_own(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gateway.pem")
	now := &clock{now: time.Now()}
	o := Options{
		CertPath: path, KeyPath: path, Own: true, Replace: write, Now: now.Now,
		Names: []string{"localhost", "box", "127.0.0.1", "::1", "192.0.2.7", "box", "not a name"},
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	first := s.Info()
	if got := strings.Join(first.Names, " "); got != "box localhost 127.0.0.1 192.0.2.7 ::1" {
		t.Errorf("names %s", got)
	}
	if years := first.NotAfter.Sub(now.Now()).Hours() / 24 / 365; years < 9.9 || years > 10.1 {
		t.Errorf("valid for %.1f years", years)
	}
	if first.Fingerprint != shown(t, s) || !first.Own || first.Problem != "" {
		t.Errorf("%+v", first)
	}
	if c, _ := s.Config().GetCertificate(nil); c.Leaf.VerifyHostname("box") != nil || c.Leaf.VerifyHostname("192.0.2.7") != nil || c.Leaf.VerifyHostname("other") == nil {
		t.Error("the names are not those that were given")
	}

	again, err := Open(o)
	if err != nil || again.Info().Fingerprint != first.Fingerprint {
		t.Errorf("another start: %v, %s", err, again.Info().Fingerprint)
	}
	now.pass(lifetime - renewalDue - time.Hour)
	if shown(t, s) != first.Fingerprint {
		t.Error("renewed too early")
	}
	now.pass(2 * time.Hour)
	renewed := shown(t, s)
	if info := s.Info(); renewed == first.Fingerprint || info.Fingerprint != renewed || info.NotAfter.Sub(now.Now()) < 9*365*24*time.Hour {
		t.Errorf("not renewed: %+v", info)
	}
	if s, err = Open(o); err != nil || s.Info().Fingerprint != renewed {
		t.Errorf("the new one is not in the file: %v", err)
	}
}

func pairOf(t *testing.T, dir, name string) (cert, key string, content []byte) {
	t.Helper()
	content, err := Make([]string{name}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte("-----BEGIN PRIVATE KEY"))
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	if err := errors.Join(write(cert, content[:at]), write(key, content[at:])); err != nil {
		t.Fatal(err)
	}
	return cert, key, content
}

// A file that changes is shown without a restart; one that cannot be used is not.
func TestSource_reload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, _ := pairOf(t, dir, "one")
	cert2, key2, _ := pairOf(t, dir, "two")
	now := &clock{now: time.Now()}
	s, err := Open(Options{CertPath: cert, KeyPath: key, Now: now.Now})
	if err != nil {
		t.Fatal(err)
	}
	first := shown(t, s)
	swap := func(from, to string) {
		content, err := os.ReadFile(from)
		if err == nil {
			err = write(to, content)
		}
		if err == nil { // a change within the same tick of the file system's clock
			err = os.Chtimes(to, time.Time{}, now.Now().Add(time.Minute))
		}
		if err != nil {
			t.Fatal(err)
		}
		now.pass(2 * lookEvery)
	}
	swap(cert2, cert) // the key is still the old one
	if got := shown(t, s); got != first {
		t.Error("a certificate without its key is shown")
	}
	if info := s.Info(); !strings.Contains(info.Problem, key) || info.Fingerprint != first {
		t.Errorf("problem %q", info.Problem)
	}
	swap(key2, key)
	if got := shown(t, s); got == first || s.Info().Problem != "" || s.Info().Names[0] != "two" {
		t.Errorf("the new one is not shown: %+v", s.Info())
	}
	second := shown(t, s)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	now.pass(2 * lookEvery)
	if got := shown(t, s); got != second || !strings.Contains(s.Info().Problem, cert) {
		t.Errorf("after its file is gone: %+v", s.Info())
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, _ := pairOf(t, dir, "one")
	_, key2, _ := pairOf(t, dir, "two")
	junk := filepath.Join(dir, "junk")
	if err := write(junk, []byte("junk")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ cert, key, path, why string }{
		{filepath.Join(dir, "none"), key, filepath.Join(dir, "none"), "no such file"},
		{cert, filepath.Join(dir, "none"), filepath.Join(dir, "none"), "no such file"},
		{junk, key, junk, "BEGIN CERTIFICATE"},
		{cert, junk, junk, "failed to find"},
		{cert, key2, key2, "does not match"},
		{key, cert, key, "BEGIN CERTIFICATE"},
		{dir, key, dir, "is a directory"},
	} {
		_, err := Open(Options{CertPath: tc.cert, KeyPath: tc.key})
		f, ok := errors.AsType[*FileError](err)
		if !ok || f.Path != tc.path || !strings.HasPrefix(err.Error(), tc.path+": ") || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%s %s: %v", tc.cert, tc.key, err)
		}
	}
	if _, err := Open(Options{CertPath: junk, KeyPath: junk, Own: true, Replace: write}); err == nil {
		t.Error("a file that is somebody's was replaced")
	}
	full := errors.New("disk full")
	none := filepath.Join(dir, "none")
	if _, err := Open(Options{CertPath: none, KeyPath: none, Own: true, Replace: func(string, []byte) error { return full }}); !errors.Is(err, full) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("on a full disk: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	f := Fingerprint([]byte("certificate"))
	want, err := ParseFingerprint(f)
	if err != nil || len(f) != 95 {
		t.Fatalf("%s: %v", f, err)
	}
	plain := strings.ReplaceAll(f, ":", "")
	for _, s := range []string{plain, strings.ToLower(f), " " + f + "\n", "SHA256:" + f, "sha256 Fingerprint=" + f, strings.ReplaceAll(f, ":", " ")} {
		if got, err := ParseFingerprint(s); err != nil || got != want {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", plain[2:], plain + "00", "SHA1:" + plain[:40], "zz" + plain[2:]} {
		if _, err := ParseFingerprint(s); !errors.Is(err, ErrFingerprint) {
			t.Errorf("%q accepted", s)
		}
	}
}

func FuzzParseFingerprint(f *testing.F) {
	f.Add("AB:CD")
	f.Add(Fingerprint(nil))
	f.Fuzz(func(_ *testing.T, s string) { _, _ = ParseFingerprint(s) })
}
