package web_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/web/webtest"
)

// pictures are those of docs/ beside the chat: the file and the view it shows.
var pictures = [][2]string{{"control.png", "overview"}, {"surfaces.png", "surfaces"}, {"cron.png", "cron"}, {"log.png", "log"}}

// TestPictures makes the pictures of docs/, in the directory WEB_PICTURES names.
func TestPictures(t *testing.T) {
	dir := os.Getenv("WEB_PICTURES")
	if dir == "" {
		t.Skip("WEB_PICTURES names no directory")
	}
	take := func(p *webtest.Page, name string) {
		p.WaitStill()
		path := filepath.Join(dir, name)
		p.Screenshot(path)
		if err := shrink(path); err != nil {
			t.Fatal(err)
		}
	}
	chat := newFake(t)
	gallery(chat)
	choosing(chat)
	p := open(t, chat)
	p.Size(1280, 800, false)
	p.Dark(false)
	p.WaitText("[data-role=assistant]", "Shall I add it?")
	take(p, "page.png")

	g := newFake(t)
	controls(g, same)
	g.on["logs.tail"] = func(c *fakeCall) {
		if bytes.Contains(c.Raw, []byte("cursor")) {
			c.ok(object{"cursor": "c1", "lines": []string{}})
			return
		}
		c.ok(morning())
	}
	p = open(t, g)
	p.Size(1280, 800, false)
	p.Dark(false)
	for _, pic := range pictures {
		at := slices.IndexFunc(views, func(v struct{ name, sel, text string }) bool { return v.name == pic[1] })
		visit(p, pic[1], views[at].sel, views[at].text)
		take(p, pic[0])
		g.mu.Lock()
		g.pending = nil // who asks to be let in is in one picture, not in all
		g.mu.Unlock()
		g.emit("node.pair.resolved", object{})
		p.Wait(`document.querySelector('#devices').hidden`)
	}
}

// morning is the log of a gateway that starts and has work to do.
func morning() object {
	var lines []string
	at := time.Date(2026, 1, 5, 6, 59, 40, 0, time.UTC)
	for _, l := range []struct{ level, message, more string }{
		{"info", "gateway started", `"addr":"ws://127.0.0.1:18789","version":"2026.1.5"`},
		{"info", "account connected", `"account":"whatsapp","self":"+15550001000"`},
		{"info", "account connected", `"account":"telegram","self":"@clawd_bot"`},
		{"info", "job started", `"job":"Morning brief","session":"cron:morning"`},
		{"info", "run ended", `"session":"cron:morning","model":"anthropic/claude-opus-4-5","tokens":8123,"took":"8.1s"`},
		{"warn", "account reconnects", `"account":"telegram","err":"dial tcp: no route to host","next":"4s"`},
		{"info", "message queued", `"account":"telegram","chat":"-100421","why":"the account is not connected"`},
		{"warn", "account reconnects", `"account":"telegram","err":"dial tcp: no route to host","next":"8s"`},
		{"info", "account connected", `"account":"telegram","self":"@clawd_bot","away":"12s"`},
		{"error", "message not delivered", `"account":"telegram","chat":"-100421","reason":"Bad Request: chat not found"`},
		{"info", "sender waits for approval", `"account":"telegram","sender":"4711","code":"ABCD2345"`},
	} {
		at = at.Add(time.Duration(1+len(l.message)%7) * time.Second)
		lines = append(lines, fmt.Sprintf(`{"time":%q,"level":%q,"message":%q,%s}`, at.Format(time.RFC3339), l.level, l.message, l.more))
	}
	return object{"file": "~/.clawdbot/logs/clawdbot-2026-01-05.log", "cursor": "c1", "lines": append(lines, "dial tcp: no route to host")}
}

// shrink writes a picture of the page with a palette, which takes a third of the room: 256 of its colours, those that
// would be missed most, and for every other one the nearest of them. The others are shades at the edges of letters.
func shrink(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	src, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, paletted(src)); err != nil {
		return err
	}
	return os.WriteFile(path, buf.Bytes(), 0o644)
}

func paletted(src image.Image) *image.Paletted {
	times := map[color.RGBA]int{}
	box := src.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			times[color.RGBAModel.Convert(src.At(x, y)).(color.RGBA)]++
		}
	}
	far, near := map[color.RGBA]int{}, map[color.RGBA]uint8{} // how far each is from the nearest of the palette, and which that is
	for c := range times {
		far[c] = 1 << 20
	}
	var palette color.Palette
	for next := (color.RGBA{}); len(palette) < min(len(times), 256); {
		most := -1
		for c, n := range times {
			if miss := n * far[c]; miss > most || miss == most && less(c, next) {
				next, most = c, miss
			}
		}
		for c := range times {
			if d := apart(c, next); d < far[c] {
				far[c], near[c] = d, uint8(len(palette))
			}
		}
		palette = append(palette, next)
	}
	out := image.NewPaletted(box, palette)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			out.SetColorIndex(x, y, near[color.RGBAModel.Convert(src.At(x, y)).(color.RGBA)])
		}
	}
	return out
}

// apart is the square of the distance of two colours.
func apart(a, b color.RGBA) int {
	r, g, u := int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B)
	return r*r + g*g + u*u
}

// less orders colours that would be missed equally, so that a picture is always written alike.
func less(a, b color.RGBA) bool {
	return bytes.Compare([]byte{a.R, a.G, a.B}, []byte{b.R, b.G, b.B}) < 0
}

// TestPaletted: a picture keeps the colours that fill it, and loses only shades.
func TestPaletted(t *testing.T) {
	t.Parallel()
	src := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			c := color.RGBA{250, 250, 250, 255}
			if y < 20 { // 800 different shades
				c = color.RGBA{uint8(200 + x), uint8(200 + y), 200, 255}
			}
			src.SetRGBA(x, y, c)
		}
	}
	got := paletted(src)
	if len(got.Palette) != 256 || got.At(3, 30) != (color.RGBA{250, 250, 250, 255}) {
		t.Errorf("%d colours, the ground is %v", len(got.Palette), got.At(3, 30))
	}
	for y := range 20 {
		for x := range 40 {
			a, b := got.At(x, y).(color.RGBA), src.RGBAAt(x, y)
			if far := max(a.R, b.R) - min(a.R, b.R); far > 40 {
				t.Fatalf("at %d,%d %v became %v", x, y, b, a)
			}
		}
	}
}
