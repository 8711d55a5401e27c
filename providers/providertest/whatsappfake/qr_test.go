package whatsappfake

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"
)

// testdata/qr.txt has codes as another program draws them: a text ("_" stands for a space) and a PNG in base64.
func TestReadQR(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/qr.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		want, picture, _ := strings.Cut(strings.TrimSpace(line), " ")
		data, err := base64.StdEncoding.DecodeString(picture)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readQR(img)
		if strings.ReplaceAll(got, " ", "_") != want || err != nil {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
}

func TestScanImage_mistakes(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	raw, err := os.ReadFile("testdata/qr.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, _ := strings.Cut(strings.SplitN(string(raw), "\n", 2)[0], " ")
	for in, want := range map[string]string{
		"":                                     "data URL",
		"data:image/png;base64,!":              "illegal base64",
		"data:image/png;base64,AAAA":           "EOF",
		"data:image/png;base64," + picture:     "four parts", // a code, but none of a client
		"data:image/png;base64," + blankPNG(t): "no code",
	} {
		if err := s.ScanImage(t.Context(), in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ScanImage(%.40q) = %v, want %q", in, err, want)
		}
	}
}

func blankPNG(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 50, 40))); err != nil { // all dark
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
