package model

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Names of the formats, as models.providers.*.api has them.
const (
	AnthropicMessages = "anthropic-messages"
	OpenAICompletions = "openai-completions"
	OpenAIResponses   = "openai-responses"
	GoogleGenerative  = "google-generative-ai"
)

// API is one endpoint.
type API interface {
	// Stream asks for one answer and returns when it is there. emit is told of the pieces as they come. Whatever the
	// error, Reply has what came before it. The error is an *Error, or ctx's cause when ctx has ended.
	Stream(ctx context.Context, r Request, emit func(Event)) (Reply, error)
	// Models lists what the endpoint offers. Errors as for Stream.
	Models(ctx context.Context) ([]Info, error)
}

// Factory makes the APIs of one format.
type Factory struct {
	Format string
	New    func(e Endpoint) API
}

// Endpoint is where an API is and how to get in.
type Endpoint struct {
	BaseURL string // without a slash at the end
	Key     string // empty for servers that want none
	// Bearer: the key goes into an Authorization header also where the format has a header of its own.
	Bearer  bool
	Headers map[string]string // on top; they win
	// Silence is how long the endpoint may say nothing; 0 = 5 minutes. A model that is still being loaded says nothing.
	Silence   time.Duration
	Transport http.RoundTripper // nil = http.DefaultTransport
}

// Info is what an endpoint says of a model. What it does not say is zero.
type Info struct {
	ID, Name      string
	ContextWindow int64 // tokens
	MaxTokens     int64 // of an answer
	Reasoning     bool
	Images        bool
	Cost          Cost
}

// Cost is in US dollars per million tokens.
type Cost struct{ Input, Output, CacheRead, CacheWrite float64 }

// Of is what so many tokens cost, in dollars.
func (c Cost) Of(u Usage) Cost {
	const million = 1e6
	return Cost{
		Input: c.Input * float64(u.Input) / million, Output: c.Output * float64(u.Output) / million,
		CacheRead: c.CacheRead * float64(u.CacheRead) / million, CacheWrite: c.CacheWrite * float64(u.CacheWrite) / million,
	}
}

// Plus adds.
func (c Cost) Plus(d Cost) Cost {
	return Cost{c.Input + d.Input, c.Output + d.Output, c.CacheRead + d.CacheRead, c.CacheWrite + d.CacheWrite}
}

// Total is the sum.
func (c Cost) Total() float64 { return c.Input + c.Output + c.CacheRead + c.CacheWrite }

// Event is a piece of an answer: Delta, Thought or a Call that is complete.
type Event interface{ event() }

// Delta is more text of the answer.
type Delta string

// Thought is more of what the model thinks.
type Thought string

func (Delta) event()   {}
func (Thought) event() {}
func (Call) event()    {}

// Reply is an answer.
type Reply struct {
	Message Message
	Stop    Stop
	Usage   Usage
	Model   string // that answered, as the vendor says; "" where it does not
}

// Stop is why an answer ended.
type Stop string

// Reasons. A refusal is an error.
const (
	Ended Stop = "stop"
	Cut   Stop = "length" // MaxTokens
	Tools Stop = "toolUse"
)

// Usage counts tokens. Input is what was read at the full price: the cached part is not in it.
type Usage struct{ Input, Output, CacheRead, CacheWrite int64 }

// Plus adds.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.Input + v.Input, u.Output + v.Output, u.CacheRead + v.CacheRead, u.CacheWrite + v.CacheWrite}
}

// Prompt is everything that the model has read.
func (u Usage) Prompt() int64 { return u.Input + u.CacheRead + u.CacheWrite }

// Sign puts the key, if there is one, into the header that the format has for it, or into Authorization where it has none.
func (e Endpoint) Sign(h http.Header, own string) {
	switch {
	case e.Key == "":
	case e.Bearer || own == "":
		h.Set("Authorization", "Bearer "+e.Key)
	default:
		h.Set(own, e.Key)
	}
}

// Hide takes the endpoint's credentials out of a text.
func (e Endpoint) Hide(text string) string {
	secrets := []string{e.Key}
	for _, v := range e.Headers {
		secrets = append(secrets, v, strings.TrimPrefix(v, "Bearer "))
	}
	for _, s := range secrets {
		if len(s) >= 6 { // what is shorter is no secret, and could be a word
			text = strings.ReplaceAll(text, s, "[redacted]")
		}
	}
	return text
}
