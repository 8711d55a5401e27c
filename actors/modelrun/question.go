package modelrun

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/providers/model"
)

const (
	maxPicture  = 5 << 20 // bytes; what vendors take
	maxPictures = 10      // files of one message
)

// pictureTypes are what every vendor that takes pictures takes.
var pictureTypes = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

// embedded is a picture in a message as chat.send writes it (protocol 3.8).
var embedded = regexp.MustCompile(`!\[([^\]\n]*)\]\(data:(image/[a-z0-9.+-]+);base64,([A-Za-z0-9+/=]+)\)`)

func userMessage(text string) model.Message {
	return withPictures(model.Message{Role: model.User, Parts: []model.Part{model.Text{Text: text}}})
}

// Question is the message of a turn: what happened meanwhile, what the person wrote, and the pictures with it.
func Question(t agent.Turn) model.Message {
	var b strings.Builder
	for _, note := range t.Notes {
		b.WriteString("System: " + note + "\n")
	}
	if len(t.Notes) > 0 {
		b.WriteString("\n")
	}
	b.WriteString(t.Message)
	m := userMessage(b.String())
	for i, path := range t.Images {
		if i == maxPictures {
			break
		}
		if p := picture(path); p != nil {
			m.Parts = append(m.Parts, p)
		}
	}
	if len(m.Parts) == 0 {
		m.Parts = []model.Part{model.Text{Text: "(an empty message)"}}
	}
	return m
}

// picture reads a file. One that models do not take is only spoken of.
func picture(path string) model.Part {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	if info.Size() > maxPicture {
		return model.Text{Text: fmt.Sprintf("(A picture of %d bytes is not shown: at most %d are.)", info.Size(), maxPicture)}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	mime := http.DetectContentType(b)
	if !pictureTypes[mime] {
		return nil
	}
	return model.Image{MIME: mime, Data: b}
}

// withPictures takes the pictures out of a message's text.
func withPictures(m model.Message) model.Message {
	out := model.Message{Role: m.Role}
	for _, p := range m.Parts {
		t, ok := p.(model.Text)
		if !ok || !strings.Contains(t.Text, "](data:image/") {
			out.Parts = append(out.Parts, p)
			continue
		}
		var pictures []model.Part
		text := embedded.ReplaceAllStringFunc(t.Text, func(s string) string {
			g := embedded.FindStringSubmatch(s)
			data, err := base64.StdEncoding.DecodeString(g[3])
			if err != nil || !pictureTypes[g[2]] {
				return "(A picture that cannot be shown.)"
			}
			pictures = append(pictures, model.Image{MIME: g[2], Data: data})
			return ""
		})
		if text = strings.TrimSpace(text); text != "" {
			out.Parts = append(out.Parts, model.Text{Text: text})
		}
		out.Parts = append(out.Parts, pictures...)
	}
	return out
}

func pictured(m model.Message) bool {
	for _, p := range m.Parts {
		if _, ok := p.(model.Image); ok {
			return true
		}
	}
	return false
}

// withoutPictures says that there are pictures, to a model that cannot see them.
func withoutPictures(m model.Message) model.Message {
	out := model.Message{Role: m.Role}
	for _, p := range m.Parts {
		if _, ok := p.(model.Image); ok {
			p = model.Text{Text: "(A picture that this model cannot see.)"}
		}
		out.Parts = append(out.Parts, p)
	}
	return out
}
