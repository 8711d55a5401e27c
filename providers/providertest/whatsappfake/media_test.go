package whatsappfake

import (
	"bytes"
	"errors"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/providers/providertest"
)

func TestMediaIn(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	files := []providertest.File{
		{Name: "p.png", MIME: "image/png", Data: bytes.Repeat([]byte("png"), 1000)},
		{Name: "v.ogg", MIME: "audio/ogg; codecs=opus", Data: []byte("a voice")},
		{Name: "d.pdf", MIME: "application/pdf", Data: bytes.Repeat([]byte{7}, 16)},
		{Name: "m.mp4", MIME: "video/mp4", Data: []byte("a film")},
	}
	s.Say(s.Group(), "look", files...)
	var got []*events.Message
	c.await("four messages", func() bool {
		got = got[:0]
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, e := range c.events {
			if m, ok := e.(*events.Message); ok && mediaKind(m.Message) != "" {
				got = append(got, m)
			}
		}
		return len(got) == len(files)
	})
	for k, part := range []whatsmeow.DownloadableMessage{
		got[0].Message.GetImageMessage(), got[1].Message.GetAudioMessage(), got[2].Message.GetDocumentMessage(), got[3].Message.GetVideoMessage(),
	} {
		data, err := c.Download(c.ctx, part)
		if err != nil || !bytes.Equal(data, files[k].Data) {
			t.Errorf("file %d: %d bytes, %v", k, len(data), err)
		}
	}
	if got[0].Message.GetImageMessage().GetCaption() != "look" || !got[1].Message.GetAudioMessage().GetPTT() ||
		got[2].Message.GetDocumentMessage().GetFileName() != "d.pdf" {
		t.Errorf("the messages are %+v", got)
	}
	s.ForgetMedia()
	if _, err := c.Download(c.ctx, got[0].Message.GetImageMessage()); !errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith404) {
		t.Errorf("a lost file is %v", err)
	}
	lost := got[0].Message.GetImageMessage()
	if err := c.SendMediaRetryReceipt(c.ctx, &got[0].Info, lost.GetMediaKey()); err != nil {
		t.Fatal(err)
	}
	again := awaitEvent[*events.MediaRetry](c, 1)
	notice, err := whatsmeow.DecryptMediaRetryNotification(again, lost.GetMediaKey())
	if err != nil || again.ChatID != s.JID(s.Group()) {
		t.Fatalf("the file was not uploaded again: %v, %+v", err, again)
	}
	lost.DirectPath, lost.URL = notice.DirectPath, nil
	if data, err := c.Download(c.ctx, lost); err != nil || !bytes.Equal(data, files[0].Data) {
		t.Errorf("uploaded again: %d bytes, %v", len(data), err)
	}
}

func TestMediaOut(t *testing.T) {
	t.Parallel()
	s := Start(t, Options{})
	c := linked(t, s)
	s.ScriptUpload(500)
	if _, err := c.Upload(c.ctx, []byte("x"), whatsmeow.MediaImage); err == nil {
		t.Error("uploaded in spite of a 500")
	}
	data := bytes.Repeat([]byte("jpg"), 5000)
	u, err := c.Upload(c.ctx, data, whatsmeow.MediaImage)
	if err != nil {
		t.Fatal(err)
	}
	image := &waE2E.ImageMessage{
		Caption: proto.String("here"), Mimetype: proto.String("image/jpeg"), URL: &u.URL, DirectPath: &u.DirectPath,
		MediaKey: u.MediaKey, FileEncSHA256: u.FileEncSHA256, FileSHA256: u.FileSHA256, FileLength: &u.FileLength,
	}
	c.send(s, s.Group(), &waE2E.Message{ImageMessage: image}, "")
	forged := proto.Clone(image).(*waE2E.ImageMessage)
	forged.MediaKey = make([]byte, 32)
	c.send(s, s.Direct(), &waE2E.Message{ImageMessage: forged}, "")
	got := s.Replies(s.Group())
	if len(got) != 1 || got[0].Text != "here" || len(got[0].Files) != 1 || !bytes.Equal(got[0].Files[0].Data, data) {
		t.Errorf("the group sees %d messages: %+v", len(got), got)
	}
	if bad := s.Replies(s.Direct()); len(bad) != 1 || bad[0].Files[0].Data != nil || bad[0].Files[0].Name == "" {
		t.Errorf("a wrong key shows %+v", bad)
	}
}
