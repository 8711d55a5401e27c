package gemini

import (
	"crypto/rand"
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers/model"
)

// incoming puts an answer together.
type incoming struct {
	emit   func(model.Event)
	e      model.Endpoint
	out    model.Reply
	reason string // why it ended, "" = it has not
	why    string // the vendor's words about that

	text, thought strings.Builder
	sign          string // of the text
}

// refusals are the reasons that mean that the vendor declines.
var refusals = map[string]bool{
	"SAFETY": true, "RECITATION": true, "BLOCKLIST": true, "PROHIBITED_CONTENT": true, "SPII": true, "IMAGE_SAFETY": true, "LANGUAGE": true,
}

type chunk struct {
	Candidates []struct {
		Content content `json:"content"`
		Reason  string  `json:"finishReason"`
		Message string  `json:"finishMessage"`
	} `json:"candidates"`
	Feedback struct {
		Reason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *struct {
		Prompt   int64 `json:"promptTokenCount"`
		Answer   int64 `json:"candidatesTokenCount"`
		Thoughts int64 `json:"thoughtsTokenCount"`
		Cached   int64 `json:"cachedContentTokenCount"`
	} `json:"usageMetadata"`
	Model string   `json:"modelVersion"`
	Error *problem `json:"error"`
}

func (in *incoming) take(data []byte) error {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	if c.Error != nil {
		return in.e.Answered(0, c.Error.Status, c.Error.Message, nil)
	}
	if c.Model != "" {
		in.out.Model = c.Model
	}
	if u := c.Usage; u != nil {
		cached := min(u.Cached, u.Prompt)
		in.out.Usage = model.Usage{Input: u.Prompt - cached, Output: u.Answer + u.Thoughts, CacheRead: cached}
	}
	if c.Feedback.Reason != "" {
		in.reason, in.why = "SAFETY", "the prompt was blocked: "+c.Feedback.Reason
	}
	if len(c.Candidates) == 0 {
		return nil
	}
	first := c.Candidates[0]
	for _, p := range first.Content.Parts {
		in.part(p)
	}
	if first.Reason != "" {
		in.reason, in.why = first.Reason, first.Message
	}
	return nil
}

func (in *incoming) part(p part) {
	switch {
	case p.Call != nil:
		in.close()
		c := model.Call{ID: p.Call.ID, Name: p.Call.Name, Args: p.Call.Args, Signature: p.Signature}
		if c.ID == "" { // results are told apart by it
			c.ID = "call_" + rand.Text()
		}
		if len(c.Args) == 0 {
			c.Args = json.RawMessage("{}")
		}
		in.out.Message.Parts = append(in.out.Message.Parts, c)
		in.out.Stop = model.Tools
		in.emit(c)
	case p.Thought:
		if p.Text != "" {
			in.thought.WriteString(p.Text)
			in.emit(model.Thought(p.Text))
		}
	default:
		if p.Signature != "" {
			in.sign = p.Signature
		}
		if p.Text != "" {
			in.text.WriteString(p.Text)
			in.emit(model.Delta(p.Text))
		}
	}
}

// close ends the text and the thoughts that are open.
func (in *incoming) close() {
	add := func(p model.Part) { in.out.Message.Parts = append(in.out.Message.Parts, p) }
	if in.thought.Len() > 0 {
		add(model.Thinking{Text: in.thought.String()})
	}
	if in.text.Len() > 0 {
		add(model.Text{Text: in.text.String(), Signature: in.sign})
	}
	in.thought.Reset()
	in.text.Reset()
	in.sign = ""
}

// verdict is what the end of the answer means.
func (in *incoming) verdict() error {
	why := model.OneLine(in.e.Hide(in.why))
	switch {
	case refusals[in.reason]:
		if why == "" {
			why = "the vendor ended the answer: " + in.reason
		}
		return &model.Error{Kind: model.Refused, Message: why}
	case in.reason == "MALFORMED_FUNCTION_CALL" || in.reason == "UNEXPECTED_TOOL_CALL":
		return &model.Error{Kind: model.Malformed, Message: "the model wrote a call that is none: " + in.reason}
	case in.reason == "MAX_TOKENS":
		in.out.Stop = model.Cut
	}
	return nil
}
