package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	_ "image/jpeg" // what shrinking makes
	imagepng "image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// noise is a picture that no format can make small.
func noise(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(rng.Uint32())
	}
	img.Set(0, 0, color.Transparent)
	var b bytes.Buffer
	if err := imagepng.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad_local(t *testing.T) {
	t.Parallel()
	work, secret, out := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "outbound")
	put(t, work, "a.png", []byte(png))
	put(t, secret, "key.pem", []byte("secret"))
	for link, to := range map[string]string{"link.png": "a.png", "out.pem": filepath.Join(secret, "key.pem"), "dir": secret} {
		if err := os.Symlink(to, filepath.Join(work, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(work, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := NewLoader(out, work, out)
	for ref, ok := range map[string]bool{
		filepath.Join(work, "a.png"): true, "file://" + filepath.Join(work, "a.png"): true, "./a.png": true, "link.png": true,
		filepath.Join(secret, "key.pem"): false, "../" + filepath.Base(secret) + "/key.pem": false, "out.pem": false, "dir/key.pem": false,
		"pipe": false, ".": false, "missing.png": false, "file://other/etc/passwd": false, "/etc/passwd": false, "ftp://x.org/a": false,
		work + "/../" + filepath.Base(secret) + "/key.pem": false,
	} {
		m, err := l.Load(t.Context(), ref)
		if (err == nil) != ok || ok && (m.MIME != "image/png" || filepath.Dir(m.Path) != out || m.Name == "") {
			t.Errorf("%s: %+v, %v", ref, m, err)
		}
	}
	if _, err := l.Load(t.Context(), "/etc/passwd"); err == nil || !strings.Contains(err.Error(), work) {
		t.Errorf("the error does not say what may be sent: %v", err)
	}
	if _, err := l.Load(t.Context(), "http://127.0.0.1:9/a.png?token=sesame"); !errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "sesame") {
		t.Errorf("an address of this host: %v", err)
	}
}

func TestLoad_limits(t *testing.T) {
	t.Parallel()
	work, out := t.TempDir(), t.TempDir()
	l := NewLoader(out, work)
	wav := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), make([]byte, maxStream)...)
	put(t, work, "long.wav", wav)
	put(t, work, "long.gif", append([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), make([]byte, maxImage)...))
	put(t, work, "big.bin", make([]byte, maxStream+10))
	for name, ok := range map[string]bool{"long.wav": false, "long.gif": false, "big.bin": true} {
		if _, err := l.Load(t.Context(), name); (err == nil) != ok || !ok && !errors.Is(err, providers.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := files(t, out); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

func TestShrink(t *testing.T) {
	t.Parallel()
	path := put(t, t.TempDir(), "a.png", noise(t, 1000, 500))
	for _, limit := range []int64{400_000, 100_000} {
		r, err := Shrink(path, limit)
		if err != nil {
			t.Fatal(err)
		}
		size := r.Len()
		img, format, err := image.Decode(r)
		if err != nil || format != "jpeg" || int64(size) > limit {
			t.Fatalf("%d bytes of %s, %v", size, format, err)
		}
		if b := img.Bounds().Size(); b.X > 1000 || b.X < 800 || b.X/b.Y != 2 {
			t.Errorf("size %v", b)
		}
	}
	if _, err := Shrink(path, 1000); !errors.Is(err, providers.ErrTooLarge) {
		t.Errorf("what cannot be made small enough: %v", err)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := providers.Media{Path: put(t, dir, "a.png", noise(t, 1000, 500)), MIME: "image/png", Name: "a.png"}
	small, done, err := Fit(m, 300_000)
	if err != nil || small.MIME != "image/jpeg" || small.Name != "a.jpg" || small.Size > 300_000 || small.Path == m.Path {
		t.Fatalf("%+v, %v", small, err)
	}
	if info, err := os.Stat(small.Path); err != nil || info.Size() != small.Size {
		t.Errorf("%v, %v", info, err)
	}
	done()
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("left %q", left)
	}
	text := providers.Media{Path: put(t, dir, "a.txt", make([]byte, 10)), MIME: "text/plain"}
	for name, c := range map[string]struct {
		m     providers.Media
		limit int64
	}{"no limit": {m, 0}, "it fits": {m, 100 << 20}, "no image": {text, 5}} {
		if got, done, err := Fit(c.m, c.limit); err != nil || got != c.m {
			t.Errorf("%s: %+v, %v", name, got, err)
		} else {
			done()
		}
	}
	for name, c := range map[string]struct {
		m     providers.Media
		limit int64
	}{"cannot be made small enough": {m, 100}, "not there": {providers.Media{Path: dir + "/gone", MIME: "image/png"}, 5}} {
		if _, _, err := Fit(c.m, c.limit); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A few bytes that claim an enormous picture are refused before any memory is taken for it.
func TestShrink_bomb(t *testing.T) {
	t.Parallel()
	head := []byte{0, 0, 0, 13, 'I', 'H', 'D', 'R'}
	head = binary.BigEndian.AppendUint32(head, 60_000)
	head = binary.BigEndian.AppendUint32(head, 60_000)
	head = append(head, 8, 6, 0, 0, 0)
	head = binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(head[4:]))
	path := put(t, t.TempDir(), "bomb.png", append([]byte("\x89PNG\r\n\x1a\n"), head...))
	if _, err := Shrink(path, 1); !errors.Is(err, providers.ErrTooLarge) || !strings.Contains(err.Error(), "60000") {
		t.Errorf("got %v", err)
	}
	if _, err := Shrink(put(t, t.TempDir(), "a.heic", []byte("what is this")), 1); !errors.Is(err, providers.ErrTooLarge) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{"old": 49 * time.Hour, "needed": 49 * time.Hour, "new": time.Hour} {
		path := put(t, dir, name, nil)
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	n, err := Expire(t.Context(), dir, 48*time.Hour, now, func(path string) bool { return filepath.Base(path) == "needed" })
	if err != nil || n != 1 || len(files(t, dir)) != 2 {
		t.Errorf("removed %d, %v; left %q", n, err, files(t, dir))
	}
}
