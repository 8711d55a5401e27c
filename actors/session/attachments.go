package session

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

const maxAttachment = 5_000_000 // decoded bytes

var (
	base64Text = regexp.MustCompile(`^[A-Za-z0-9+/]*={0,2}$`)
	spaces     = regexp.MustCompile(`\s+`)
)

// withAttachments appends images to a message as Markdown with data URLs (protocol 3.8).
func withAttachments(message string, raw []wire.Raw) (string, error) {
	var blocks []string
	for i, r := range raw {
		var a wire.Attachment
		if wire.Unmarshal(r, &a) != nil {
			a = wire.Attachment{}
		}
		label := a.FileName
		if label == "" {
			label = a.Type
		}
		if label == "" {
			label = fmt.Sprintf("attachment-%d", i+1)
		}
		if problem := checkAttachment(a); problem != "" {
			return "", wire.InvalidRequest("Error: attachment %s: %s", label, problem)
		}
		blocks = append(blocks, fmt.Sprintf("![%s](data:%s;base64,%s)", spaces.ReplaceAllString(label, "_"), a.MimeType, a.Content))
	}
	if len(blocks) == 0 {
		return message, nil
	}
	if strings.TrimSpace(message) == "" {
		return strings.Join(blocks, "\n\n"), nil
	}
	return message + "\n\n" + strings.Join(blocks, "\n\n"), nil
}

func checkAttachment(a wire.Attachment) string {
	switch {
	case a.Content == "":
		return "content must be base64 string"
	case !strings.HasPrefix(a.MimeType, "image/"):
		return "only image/* supported"
	case len(a.Content)%4 != 0 || !base64Text.MatchString(a.Content):
		return "invalid base64 content"
	}
	n := base64.StdEncoding.DecodedLen(len(a.Content)) - strings.Count(a.Content[len(a.Content)-2:], "=")
	if n < 1 || n > maxAttachment {
		return fmt.Sprintf("exceeds size limit (%d > %d bytes)", n, maxAttachment)
	}
	return ""
}
