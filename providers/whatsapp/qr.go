package whatsapp

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/skip2/go-qrcode"
)

// modulePixels is the side of one square of a code (providers a.1).
const modulePixels = 6

// pngDataURL draws a code with the lowest error correction and a margin of four modules.
func pngDataURL(text string) (string, error) {
	q, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return "", fmt.Errorf("draw the code: %w", err)
	}
	bitmap := q.Bitmap() // its margin is four modules
	side := len(bitmap) * modulePixels
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if bitmap[y/modulePixels][x/modulePixels] {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", fmt.Errorf("draw the code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
