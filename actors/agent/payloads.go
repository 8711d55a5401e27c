package agent

import (
	"cmp"
	"encoding/base64"

	"github.com/clawdbot/gateway/transport/wire"
)

// Messages of transcripts and chat events (protocol 4.2, 7.7).
type (
	part struct {
		Type     string  `json:"type"`
		Text     *string `json:"text,omitempty"`
		Data     string  `json:"data,omitempty"`
		MimeType string  `json:"mimeType,omitempty"`
	}
	message struct {
		Role      string `json:"role"`
		Content   []part `json:"content"`
		Timestamp int64  `json:"timestamp"`
		RunID     string `json:"runId,omitempty"` // an addition: the run id of the run's chat events
	}
	assistantMessage struct {
		Role         string   `json:"role"`
		Content      wire.Raw `json:"content"`
		Timestamp    int64    `json:"timestamp"`
		RunID        string   `json:"runId,omitempty"`
		API          string   `json:"api"`
		Provider     string   `json:"provider"`
		Model        string   `json:"model"`
		Usage        usage    `json:"usage"`
		StopReason   string   `json:"stopReason"`
		ErrorMessage string   `json:"errorMessage,omitempty"`
		Resume       string   `json:"resume,omitempty"` // an addition: Answer.Resume
	}
	usage struct {
		Input       int64 `json:"input"`
		Output      int64 `json:"output"`
		CacheRead   int64 `json:"cacheRead"`
		CacheWrite  int64 `json:"cacheWrite"`
		TotalTokens int64 `json:"totalTokens"`
		Cost        cost  `json:"cost"`
	}
	cost struct {
		Input      float64 `json:"input"`
		Output     float64 `json:"output"`
		CacheRead  float64 `json:"cacheRead"`
		CacheWrite float64 `json:"cacheWrite"`
		Total      float64 `json:"total"`
	}
)

// UserLine is the transcript message of what the person wrote.
func UserLine(j Job, at int64) []byte {
	return encode(message{Role: "user", Content: []part{{Type: "text", Text: &j.Request.Message}}, Timestamp: at, RunID: j.chatRunID()})
}

// assistantLine is the transcript message of the answer; nil where there is none to keep.
func assistantLine(j Job, a Answer, s State, errText string, at int64) []byte {
	reason := map[State]string{Done: "stop", Failed: "error", Aborted: "aborted"}[s]
	if s == Aborted && a.Text == "" {
		return nil
	}
	if s == Done {
		reason = cmp.Or(a.Stop, reason)
	}
	content := a.Content
	if content == nil {
		content = encode(parts(a.Text, a.Media))
	}
	return encode(assistantMessage{
		Role: "assistant", Content: content, Timestamp: at, RunID: j.chatRunID(),
		API: cmp.Or(a.API, a.Provider), Provider: a.Provider, Model: a.Model, StopReason: reason, ErrorMessage: errText,
		Usage: usageOf(a.Usage, a.Cost), Resume: a.Resume,
	})
}

func usageOf(u Usage, c Cost) usage {
	return usage{
		Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, TotalTokens: u.Total,
		Cost: cost{c.Input, c.Output, c.CacheRead, c.CacheWrite, c.Total()},
	}
}

// Line is a message of a model in the middle of a turn, for Output.Keep. a.Content has it all.
func Line(a Answer, at int64) wire.Raw {
	return encode(assistantMessage{
		Role: "assistant", Content: a.Content, Timestamp: at, API: cmp.Or(a.API, a.Provider), Provider: a.Provider, Model: a.Model,
		StopReason: "toolUse", Usage: usageOf(a.Usage, a.Cost),
	})
}

func chatMessage(text string, media []Media, at int64) wire.Raw {
	return encode(message{Role: "assistant", Content: parts(text, media), Timestamp: at})
}

func parts(text string, media []Media) []part {
	var p []part
	if text != "" {
		p = append(p, part{Type: "text", Text: &text})
	}
	for _, m := range media {
		if len(m.Data) == 0 { // a file that is sent, not shown
			continue
		}
		p = append(p, part{Type: "image", MimeType: m.MIME, Data: base64.StdEncoding.EncodeToString(m.Data)})
	}
	if len(p) == 0 { // a message has at least one part
		p = append(p, part{Type: "text", Text: &text})
	}
	return p
}

// encode cannot fail for the types of this file.
func encode(v any) []byte {
	b, err := wire.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
