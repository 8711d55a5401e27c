package model

import "encoding/json"

// Role says who speaks in a Message.
type Role string

// Roles. The results of tools are a message of their own, which directly follows the calls.
const (
	User      Role = "user"
	Assistant Role = "assistant"
	Results   Role = "results"
)

// Level is how much a model should think before it answers; "" is Off.
type Level string

// Levels.
const (
	Off     Level = "off"
	Minimal Level = "minimal"
	Low     Level = "low"
	Medium  Level = "medium"
	High    Level = "high"
)

// On tells whether there is to be any thinking.
func (l Level) On() bool { return l != "" && l != Off }

// Request asks for one answer.
type Request struct {
	Model    string // as the vendor calls it
	System   string
	Messages []Message // begins with the user, ends with the user or with results
	Tools    []Tool
	Thinking Level
	// MaxTokens bounds the answer, thinking included; 0 = what the format must say when nobody says anything.
	MaxTokens int64
	// Session is the same for requests that begin alike, for vendors that keep what they have read.
	Session string
}

// Tool is something the model may call.
type Tool struct {
	Name        string // [a-zA-Z0-9_-]{1,64}
	Description string
	Schema      json.RawMessage // JSON Schema of an object; nil = any object
}

// Message is one turn of a conversation.
type Message struct {
	Role  Role
	Parts []Part
}

// Part is a piece of a message: Text, Image, Thinking, Call or Result.
type Part interface{ part() }

// Text is what is said. Signature belongs to the vendor and goes back to it unchanged.
type Text struct{ Text, Signature string }

// Image is a picture. Only of users and of results.
type Image struct {
	MIME string // image/png, image/jpeg, image/gif, image/webp
	Data []byte
}

// Thinking is what a model thought. Text may be empty where the vendor keeps it to itself.
type Thinking struct{ Text, Signature string }

// Call is a call of a tool.
type Call struct {
	ID, Name  string
	Args      json.RawMessage // a JSON object, or what the model wrote instead of one: see Valid
	Signature string
}

// Result is what a call gave.
type Result struct {
	ID, Name string // of the Call
	Text     string
	Images   []Image
	IsError  bool
}

func (Text) part()     {}
func (Image) part()    {}
func (Thinking) part() {}
func (Call) part()     {}
func (Result) part()   {}

// Valid tells whether the arguments are a JSON object.
func (c Call) Valid() bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(c.Args, &object) == nil && object != nil
}

// Object is the arguments as a vendor takes them back: "{}" where the model wrote something else.
func (c Call) Object() json.RawMessage {
	if !c.Valid() {
		return json.RawMessage("{}")
	}
	return c.Args
}

// TextOf is all text of a message.
func (m Message) TextOf() (all string) {
	for _, p := range m.Parts {
		if t, ok := p.(Text); ok {
			all += t.Text
		}
	}
	return all
}

// Calls are the calls of tools in a message.
func (m Message) Calls() (all []Call) {
	for _, p := range m.Parts {
		if c, ok := p.(Call); ok {
			all = append(all, c)
		}
	}
	return all
}
