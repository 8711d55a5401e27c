package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	tele "gopkg.in/telebot.v3"

	"github.com/clawdbot/gateway/providers"
)

// attachment is a file that a message carries.
type attachment struct {
	id, name, mime string
	size           int64 // as the platform says; 0 = it does not
}

// attachmentOf finds the file of a message; there is at most one.
func attachmentOf(m *tele.Message) (a attachment, ok bool) {
	from := func(f tele.File, name, mime string) (attachment, bool) {
		return attachment{f.FileID, name, mime, f.FileSize}, f.FileID != ""
	}
	switch {
	case m.Photo != nil: // of its sizes the library has kept the largest
		return from(m.Photo.File, "photo.jpg", "image/jpeg")
	case m.Video != nil:
		return from(m.Video.File, m.Video.FileName, m.Video.MIME)
	case m.Animation != nil: // it comes as a document too
		return from(m.Animation.File, m.Animation.FileName, m.Animation.MIME)
	case m.VideoNote != nil:
		return from(m.VideoNote.File, "video.mp4", "video/mp4")
	case m.Audio != nil:
		return from(m.Audio.File, m.Audio.FileName, m.Audio.MIME)
	case m.Voice != nil:
		return from(m.Voice.File, "voice.ogg", m.Voice.MIME)
	case m.Document != nil:
		return from(m.Document.File, m.Document.FileName, m.Document.MIME)
	case m.Sticker != nil:
		return from(m.Sticker.File, "sticker.webp", "image/webp")
	}
	return attachment{}, false
}

// fetchTries is how often a file is asked for before the message goes up without it.
const fetchTries = 2

// fetch gets the file of a message into the state directory. What cannot be had is left out: the text says that there was
// one.
func (p *Provider) fetch(ctx context.Context, m *tele.Message) []providers.Media {
	a, ok := attachmentOf(m)
	if !ok || p.env.Files == nil {
		return nil
	}
	limit := int64(p.cfg.MediaMaxMB * (1 << 20))
	var err error
	if a.size > limit {
		err = providers.ErrTooLarge
	}
	for try := 1; err == nil; try++ {
		var got providers.Media
		if got, err = p.download(ctx, a, limit); err == nil {
			return []providers.Media{got}
		}
		if mendable(err) && try < fetchTries && providers.Sleep(ctx, p.opt.retryMin) {
			err = nil
		}
	}
	p.env.Log.Warn("telegram attachment left out", "account", p.env.Account, "message", m.ID, "size", a.size, "err", p.poll.secrets.Replace(err.Error()))
	return nil
}

// mendable: another try may help. The platform's own no is final.
func mendable(err error) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && (e.code == 0 || e.code >= 500)
}

// download asks where a file is and gets it, over the same way as every call: a proxy counts here too, and the address
// holds the token.
func (p *Provider) download(ctx context.Context, a attachment, limit int64) (providers.Media, error) {
	var where struct {
		Path string `json:"file_path"`
	}
	if err := p.poll.call(ctx, p.opt.call, "getFile", map[string]string{"file_id": a.id}, &where); err != nil {
		return providers.Media{}, err
	}
	if where.Path == "" || !within(where.Path) {
		return providers.Media{}, errors.New("the platform names no place for it")
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.upload)
	defer cancel()
	name := a.name
	if name == "" {
		name = path.Base(where.Path)
	}
	body, err := p.poll.file(ctx, where.Path)
	if err != nil {
		return providers.Media{}, err
	}
	defer body.Close()
	return p.env.Files.Save(ctx, body, name, a.mime, limit)
}

// within says whether a path stays below the place of files.
func within(p string) bool { return path.Clean("/"+p) == "/"+p && !strings.ContainsAny(p, "?#") }

// file opens a file of the platform. The error is an *apiError.
func (a *api) file(ctx context.Context, place string) (io.ReadCloser, error) {
	fail := func(code int, text string) (io.ReadCloser, error) {
		return nil, &apiError{method: "file", code: code, text: a.secrets.Replace(text), cause: ctx.Err()}
	}
	u := &url.URL{Path: "/file/bot" + a.token + "/" + place}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+u.EscapedPath(), nil)
	if err != nil {
		return fail(http.StatusBadRequest, "the place of the file cannot be asked for")
	}
	client := &http.Client{Transport: a.rt, CheckRedirect: providers.NoRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return fail(0, transportText(err))
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return fail(resp.StatusCode, fmt.Sprintf("HTTP %d", resp.StatusCode))
	}
	return resp.Body, nil
}
