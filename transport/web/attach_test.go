package web_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// paste puts a picture of noise of n x n points on the clipboard of the message box.
const paste = `(async (n, name) => {
	const canvas = Object.assign(document.createElement('canvas'), {width: n, height: n});
	const pen = canvas.getContext('2d');
	const data = pen.createImageData(n, n);
	for (let i = 0; i < data.data.length; i += 65536) crypto.getRandomValues(data.data.subarray(i, i + 65536));
	for (let i = 3; i < data.data.length; i += 4) data.data[i] = 255;
	pen.putImageData(data, 0, 0);
	const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
	const transfer = new DataTransfer();
	transfer.items.add(new File([blob], name, {type: 'image/png'}));
	document.querySelector('#composer').dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true, cancelable: true}));
	return blob.size;
})`

func TestAttachImage(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	g.onSend = func(c *fakeCall) {
		a := c.Params.Attachments[0]
		c.Params.Message += "\n\n![" + a["fileName"].(string) + "](data:" + a["mimeType"].(string) + ";base64," + a["content"].(string) + ")"
		echo(c)
	}
	p := open(t, g)
	var bytes int
	p.Eval(paste+`(40, 'small.png')`, &bytes)
	p.WaitText(".attachment", "small.png")
	p.Send("look")
	sent := g.wait("chat.send", 1)
	a := sent.Params.Attachments[0]
	raw, err := base64.StdEncoding.DecodeString(a["content"].(string))
	if err != nil || len(raw) != bytes || a["mimeType"] != "image/png" || sent.Params.Message != "look" {
		t.Errorf("sent %d bytes of %v (%v) with %q, want %d of image/png", len(raw), a["mimeType"], err, sent.Params.Message, bytes)
	}
	p.Wait(`!document.querySelector('.attachment')`)
	p.WaitText(".note", "Done in")
	p.Wait(`document.querySelectorAll('[data-role=user] img').length === 1 && document.querySelector('[data-role=user] img').naturalWidth === 40`)
	if n := p.Count("[data-role=user]"); n != 1 {
		t.Errorf("%d user messages, want 1", n)
	}

	p.Eval(paste+`(900, 'large.png')`, &bytes)
	p.WaitText("#compose-note", "large.png was made smaller")
	p.WaitText("#compose-note", "one message may have 524 KB")
	p.Send("and this")
	if n := len(g.wait("chat.send", 2).Raw); n > 524288-100 || n < 50_000 {
		t.Errorf("a message with a large image has %d bytes", n)
	}
	p.WaitText("[data-role=assistant]", "You said: and this")
}

func TestRefusedAttachments(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	p := open(t, g)
	p.Eval(`(() => {
		const transfer = new DataTransfer();
		transfer.items.add(new File(['%PDF'], 'a.pdf', {type: 'application/pdf'}));
		document.querySelector('#main').dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
	})()`, nil)
	p.WaitText("#compose-note", "a.pdf is not an image")
	p.Eval(`(() => {
		const transfer = new DataTransfer();
		transfer.items.add(new File(['<svg onload="window.pwned=1"/>'], 'broken.svg', {type: 'image/svg+xml'}));
		document.querySelector('#main').dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
	})()`, nil)
	p.WaitText("#compose-note", "broken.svg cannot be read")
	p.Eval(`(() => {
		const box = document.querySelector('#composer');
		box.value = 'x'.repeat(530000);
		box.dispatchEvent(new Event('input'));
		document.querySelector('#send').click();
	})()`, nil)
	p.WaitText(".note[data-tone=bad]", "Not sent: it has 530 KB, and one message may have 524 KB")
	if g.count("chat.send") != 0 {
		t.Error("a frame larger than the gateway takes was sent")
	}
	if strings.Contains(p.Text("#messages"), "undefined") {
		t.Error("undefined on the page")
	}
}
