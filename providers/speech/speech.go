package speech

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// Defaults of services that are not said.
const (
	SpeakAt = "https://api.elevenlabs.io"
	HearAt  = "https://api.openai.com/v1"
	hearBy  = "whisper-1"
	// voiceNote is what messaging apps play as a voice message.
	voiceNote = "opus_48000_64"
)

const (
	maxText   = 5000     // characters that are spoken at once
	maxAudio  = 16 << 20 // bytes, of what is made and of what is heard
	maxAnswer = 5 << 20  // bytes of a transcript
	maxReason = 4 << 10  // bytes of an error
	patience  = 2 * time.Minute
)

// Service is where a service is and how to get in.
type Service struct {
	BaseURL string // without a slash at the end; "" = SpeakAt or HearAt
	Key     string // "" for servers that want none
}

// Voice says how a text is spoken.
type Voice struct {
	ID     string
	Model  string // "" = the service's
	Format string // as ElevenLabs calls them: "mp3_44100_128"; "" = a voice message
}

// Audio is something spoken.
type Audio struct {
	MIME, Name string
	Data       []byte
}

// Speak has a text spoken.
func Speak(ctx context.Context, s Service, v Voice, text string) (Audio, error) {
	text = strings.TrimSpace(text)
	switch n := len([]rune(text)); {
	case text == "":
		return Audio{}, errors.New("there is no text to speak")
	case n > maxText:
		return Audio{}, fmt.Errorf("the text has %d characters, at most %d are spoken at once", n, maxText)
	case v.ID == "":
		return Audio{}, errors.New("no voice is chosen (talk.voiceId)")
	}
	format := v.Format
	if format == "" {
		format = voiceNote
	}
	a, err := kindOf(format)
	if err != nil {
		return Audio{}, err
	}
	body := map[string]string{"text": text}
	if v.Model != "" {
		body["model_id"] = v.Model
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return Audio{}, err
	}
	at := base(s.BaseURL, SpeakAt) + "/v1/text-to-speech/" + url.PathEscape(v.ID) + "?output_format=" + url.QueryEscape(format)
	a.Data, err = s.post(ctx, at, "application/json", encoded, http.Header{"Xi-Api-Key": {s.Key}, "Accept": {a.MIME}}, maxAudio)
	if err == nil && len(a.Data) == 0 {
		err = errors.New("the service answered with nothing")
	}
	if err != nil {
		return Audio{}, fmt.Errorf("text to speech: %w", err)
	}
	return a, nil
}

// kindOf is what a format is called elsewhere.
func kindOf(format string) (Audio, error) {
	name, _, _ := strings.Cut(format, "_")
	switch name {
	case "mp3":
		return Audio{MIME: "audio/mpeg", Name: "speech.mp3"}, nil
	case "opus":
		return Audio{MIME: "audio/ogg", Name: "speech.ogg"}, nil
	}
	return Audio{}, fmt.Errorf("text to speech: format %.40q cannot be sent; mp3_... and opus_... can", format)
}

// Hear writes down what is said in a file. model "" = whisper-1.
func Hear(ctx context.Context, s Service, model, path string) (string, error) {
	if model == "" {
		model = hearBy
	}
	body, kind, err := form(model, path)
	if err != nil {
		return "", fmt.Errorf("transcription: %w", err)
	}
	header := http.Header{}
	if s.Key != "" {
		header.Set("Authorization", "Bearer "+s.Key)
	}
	answer, err := s.post(ctx, base(s.BaseURL, HearAt)+"/audio/transcriptions", kind, body, header, maxAnswer)
	if err != nil {
		return "", fmt.Errorf("transcription: %w", err)
	}
	var r struct {
		Text *string `json:"text"`
	}
	if json.Unmarshal(answer, &r) != nil || r.Text == nil {
		return "", errors.New("transcription: the service's answer has no text")
	}
	text := strings.TrimSpace(*r.Text)
	if text == "" {
		return "", errors.New("transcription: the service heard nothing")
	}
	return text, nil
}

// form is the upload of a file.
func form(model, path string) (body []byte, kind string, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, "", err
	case !info.Mode().IsRegular():
		return nil, "", errors.New("it is not a file")
	case info.Size() > maxAudio:
		return nil, "", fmt.Errorf("the file has %d bytes, at most %d are heard", info.Size(), maxAudio)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", filepath.Base(path))
	if err == nil {
		_, err = io.Copy(part, io.LimitReader(f, maxAudio))
	}
	err = errors.Join(err, w.WriteField("model", model), w.WriteField("response_format", "json"), w.Close())
	return b.Bytes(), w.FormDataContentType(), err
}

func base(given, usual string) string {
	if given = strings.TrimRight(strings.TrimSpace(given), "/"); given != "" {
		return given
	}
	return usual
}

// post makes one request and reads the answer.
func (s Service) post(ctx context.Context, at, kind string, body []byte, header http.Header, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the service cannot be used") // it may hold a password
	}
	r.Header, r.Close = header, true // seldom asked: no connection is kept
	r.Header.Set("Content-Type", kind)
	c := &http.Client{CheckRedirect: providers.NoRedirect}
	resp, err := c.Do(r)
	if err != nil {
		return nil, s.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxReason)) // what there is of it
		return nil, s.refused(resp.StatusCode, said)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return nil, s.unreachable(ctx, err)
	case int64(len(answer)) > most:
		return nil, fmt.Errorf("the service answered with more than %d bytes", most)
	}
	return answer, nil
}

// unreachable is the error of a request that had no answer, without the address.
func (s Service) unreachable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the service did not answer within %s", patience)
	}
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	return fmt.Errorf("the service cannot be reached: %s", s.hide(err.Error()))
}

// refused says what the service said, in either of the two ways that they word it.
func (s Service) refused(status int, said []byte) error {
	var r struct {
		Error  struct{ Message string }
		Detail json.RawMessage
	}
	text := ""
	if json.Unmarshal(said, &r) == nil {
		var detail struct{ Message string }
		if text = r.Error.Message; text == "" && json.Unmarshal(r.Detail, &detail) == nil {
			text = detail.Message
		}
	}
	hint := ""
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		hint = "; is the key right?"
	}
	if text != "" {
		text = ": " + s.hide(strings.Join(strings.Fields(text), " "))
	}
	return fmt.Errorf("the service answered %d%s%s", status, text, hint)
}

func (s Service) hide(text string) string {
	if len(s.Key) >= 6 {
		text = strings.ReplaceAll(text, s.Key, "[redacted]")
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
