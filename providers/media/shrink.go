package media

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // its size is read; it is never made smaller: it would stop moving
	"image/jpeg"
	_ "image/png" // images to decode
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // images to decode

	"github.com/clawdbot/gateway/providers"
)

// maxPixels is the largest image that is decoded: 40 megapixels take 160 MB of memory. A small file may claim any size.
const maxPixels = 40_000_000

var (
	sides     = []int{2048, 1536, 1280, 1024, 800}
	qualities = []int{80, 70, 60, 50, 40}
)

// Shrink makes a JPEG of at most limit bytes of the image at path: the largest of a few sizes, in the best of a few
// qualities, that fits (reference 0.2). It never enlarges. A GIF is not shrunk.
func Shrink(path string, limit int64) (*bytes.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, format, err := image.DecodeConfig(f)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: the image is over %s and of a kind that cannot be made smaller", providers.ErrTooLarge, bytesText(limit))
	case format == "gif":
		return nil, fmt.Errorf("%w: a GIF may have %s", providers.ErrTooLarge, bytesText(limit))
	case head.Width <= 0 || head.Height <= 0 || head.Width > maxPixels/head.Height:
		return nil, fmt.Errorf("%w: the image has %d x %d pixels", providers.ErrTooLarge, head.Width, head.Height)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	full, _, err := image.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("read image: %w", err)
	}
	return encode(full, limit)
}

// Fit makes an image at m.Path have at most limit bytes, in a file of its own beside it, which done removes. What is no image,
// or fits, stays as it is.
func Fit(m providers.Media, limit int64) (fitted providers.Media, done func(), err error) {
	nothing := func() {}
	if limit <= 0 || KindOf(m.MIME) != Image {
		return m, nothing, nil
	}
	info, err := os.Stat(m.Path)
	if err != nil || info.Size() <= limit {
		return m, nothing, err
	}
	small, err := Shrink(m.Path, limit)
	if err != nil {
		return m, nothing, err
	}
	f, err := os.CreateTemp(filepath.Dir(m.Path), "small-*.jpg") // one that a crash leaves behind goes with its age
	if err != nil {
		return m, nothing, err
	}
	done = func() { _ = os.Remove(f.Name()) }
	n, err := small.WriteTo(f)
	if err = errors.Join(err, f.Close()); err != nil {
		done()
		return m, nothing, err
	}
	m.Name = strings.TrimSuffix(m.Name, filepath.Ext(m.Name))
	if m.Name == "" {
		m.Name = "image"
	}
	return providers.Media{Path: f.Name(), MIME: "image/jpeg", Name: m.Name + ".jpg", Size: n}, done, nil
}

func encode(full image.Image, limit int64) (*bytes.Reader, error) {
	var out bytes.Buffer
	last := image.Point{}
	for _, side := range sides {
		size := scaled(full.Bounds().Size(), side)
		if size == last { // smaller than this side already
			continue
		}
		last = size
		small := image.NewRGBA(image.Rectangle{Max: size})
		draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src) // JPEG knows no transparency
		draw.CatmullRom.Scale(small, small.Bounds(), full, full.Bounds(), draw.Over, nil)
		for _, quality := range qualities {
			out.Reset()
			if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: quality}); err != nil {
				return nil, err
			}
			if int64(out.Len()) <= limit {
				return bytes.NewReader(out.Bytes()), nil
			}
		}
	}
	return nil, errors.Join(providers.ErrTooLarge, fmt.Errorf("the image is over %s also when made small", bytesText(limit)))
}

// scaled is a size whose longer side is at most side.
func scaled(size image.Point, side int) image.Point {
	longer := max(size.X, size.Y)
	if longer <= side {
		return size
	}
	return image.Point{X: max(1, size.X*side/longer), Y: max(1, size.Y*side/longer)}
}
