package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/providers"
)

// Caps of outbound files (providers 0.2).
const (
	capImage    = 6 << 20
	capAudio    = 16 << 20
	capVideo    = 16 << 20
	capDocument = 100 << 20
)

// outFile is a file that is to be sent.
type outFile struct {
	data       []byte
	kind       whatsmeow.MediaType
	mime, name string
}

// readFile reads an attachment and decides what it is sent as.
func readFile(m *providers.Media) (outFile, error) {
	f, err := os.Open(m.Path)
	if err != nil {
		return outFile{}, fmt.Errorf("open attachment: %w", err)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return outFile{}, fmt.Errorf("read attachment: %w", err)
	}
	out := outFile{mime: m.MIME, name: m.Name}
	if out.mime == "" {
		out.mime = http.DetectContentType(head[:n])
	}
	if out.name == "" {
		out.name = filepath.Base(m.Path)
	}
	limit := out.classify()
	out.data, err = io.ReadAll(io.LimitReader(f, int64(limit-n)+1))
	if err != nil {
		return outFile{}, fmt.Errorf("read attachment: %w", err)
	}
	out.data = append(head[:n:n], out.data...)
	switch {
	case len(out.data) > limit:
		return outFile{}, fmt.Errorf("the attachment %s is larger than the %d MB that WhatsApp gets of its kind: %w", out.name, limit>>20, providers.ErrTooLarge)
	case len(out.data) == 0:
		return outFile{}, fmt.Errorf("the attachment %s is empty", out.name)
	}
	return out, nil
}

// classify sets what the file is sent as, by its type, and returns the most bytes of that kind.
func (f *outFile) classify() (limit int) {
	base, _, _ := strings.Cut(f.mime, ";")
	switch base = strings.TrimSpace(strings.ToLower(base)); {
	case base == "image/jpeg", base == "image/png", base == "image/webp", base == "image/gif":
		f.kind = whatsmeow.MediaImage
		return capImage
	case strings.HasPrefix(base, "audio/"), base == "application/ogg":
		f.kind = whatsmeow.MediaAudio
		if base == "audio/ogg" || base == "application/ogg" {
			f.mime = "audio/ogg; codecs=opus"
		}
		return capAudio
	case base == "video/mp4", base == "video/3gpp":
		f.kind = whatsmeow.MediaVideo
		return capVideo
	}
	f.kind = whatsmeow.MediaDocument
	return capDocument
}

// upload encrypts and uploads a file and makes the message that points to it.
func (s *session) upload(ctx context.Context, f outFile, caption string, quote *waE2E.ContextInfo) (*waE2E.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, s.p.opt.transfer)
	defer cancel()
	up, err := s.cli.Upload(ctx, f.data, f.kind)
	if err != nil {
		return nil, notSent{fmt.Errorf("upload the attachment: %w", err)}
	}
	text := proto.String(caption)
	if caption == "" {
		text = nil
	}
	switch f.kind {
	case whatsmeow.MediaImage:
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			Caption: text, Mimetype: proto.String(f.mime), ContextInfo: quote, URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey,
			FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
		}}, nil
	case whatsmeow.MediaVideo:
		return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{
			Caption: text, Mimetype: proto.String(f.mime), ContextInfo: quote, URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey,
			FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
		}}, nil
	case whatsmeow.MediaAudio: // a voice note, as the reference sends it
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{
			PTT: proto.Bool(true), Mimetype: proto.String(f.mime), ContextInfo: quote, URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey,
			FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
		}}, nil
	}
	return &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
		Caption: text, Mimetype: proto.String(f.mime), FileName: proto.String(f.name), Title: proto.String(f.name), ContextInfo: quote,
		URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey,
		FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
	}}, nil
}
