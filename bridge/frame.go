package bridge

import (
	"github.com/clawdbot/gateway/transport/wire"
)

// Frame is one line of the bridge: one of the structs of this file. An optional text of them that is "" or nil is not
// on the line, except where the field says so.
type Frame interface{ frameType() string }

// Who says a frame: the gateway refuses invoke, res and what only it can say.
const (
	TypeHello       = "hello"        // node
	TypeHelloOK     = "hello-ok"     // gateway
	TypePairRequest = "pair-request" // node
	TypePairOK      = "pair-ok"      // gateway
	TypeError       = "error"        // gateway
	TypeReq         = "req"          // node
	TypeRes         = "res"          // gateway
	TypeEvent       = "event"        // both
	TypeInvoke      = "invoke"       // gateway
	TypeInvokeRes   = "invoke-res"   // node
	TypePing        = "ping"         // both
	TypePong        = "pong"         // both
)

// Error codes of the bridge. Apps go by the two that refuse a hello; they know no others there.
const (
	CodeNotPaired    = "NOT_PAIRED"   // hello without a token, and the node is not known
	CodeUnauthorized = "UNAUTHORIZED" // a wrong token; none, though the node is paired; not said hello yet; pairing refused
	CodeForbidden    = "FORBIDDEN"    // a method that nodes may not call
)

// About is what a node says of itself in hello and pair-request.
type About struct {
	NodeID          string          `json:"nodeId"` // trimmed by Decode; never left out
	DisplayName     string          `json:"displayName,omitempty"`
	Platform        string          `json:"platform,omitempty"` // "iOS 18.2.0", "Android", "macos", "linux"
	Version         string          `json:"version,omitempty"`  // of the app
	DeviceFamily    string          `json:"deviceFamily,omitempty"`
	ModelIdentifier string          `json:"modelIdentifier,omitempty"`
	Caps            []string        `json:"caps,omitzero"`        // nil = said nothing; empty = has none
	Commands        []string        `json:"commands,omitzero"`    // likewise
	Permissions     map[string]bool `json:"permissions,omitzero"` // nil = said nothing
}

// Hello opens a connection. Token is "" when the node has none. It may be repeated on an open connection.
type Hello struct {
	About
	Token string `json:"token,omitempty"`
}

// PairRequest asks a person to let the node in. Silent is a hint for operator apps.
type PairRequest struct {
	About
	Silent bool `json:"silent,omitzero"`
}

// HelloOK is the first line after a good hello.
type HelloOK struct {
	ServerName    string `json:"serverName"`
	CanvasHostURL string `json:"canvasHostUrl,omitempty"`
}

// PairOK brings the token, this once. HelloOK follows on the same connection.
type PairOK struct {
	Token string `json:"token"`
}

// ErrorFrame refuses what came before it. The connection stays open.
type ErrorFrame struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Req calls a method of the gateway. ParamsJSON is JSON text in a string; nil = none.
type Req struct {
	ID         string  `json:"id"`
	Method     string  `json:"method"`
	ParamsJSON *string `json:"paramsJSON"`
}

// Res answers a Req. Without Err it is good, and PayloadJSON is on the line, as null when nil.
type Res struct {
	ID          string
	PayloadJSON *string
	Err         *wire.Error
}

// Event tells something. PayloadJSON nil is on the line as null.
type Event struct {
	Event       string  `json:"event"`
	PayloadJSON *string `json:"payloadJSON"`
}

// Invoke has the node carry out a command. ParamsJSON nil is on the line as null.
type Invoke struct {
	ID         string  `json:"id"`
	Command    string  `json:"command"`
	ParamsJSON *string `json:"paramsJSON"`
}

// InvokeRes answers an Invoke. When OK is false, Err should say why.
type InvokeRes struct {
	ID          string       `json:"id"`
	OK          bool         `json:"ok"`
	PayloadJSON *string      `json:"payloadJSON,omitzero"`
	Err         *InvokeError `json:"error,omitzero"`
}

// InvokeError is a node's own word for what went wrong. Platforms differ in Code; the reason is a prefix of Message,
// "CAMERA_DISABLED: ..." (bridge-canvas 4.2).
type InvokeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Ping asks for a Pong with the same id.
type Ping struct {
	ID string `json:"id"`
}

// Pong answers a Ping.
type Pong struct {
	ID string `json:"id"`
}

func (Hello) frameType() string       { return TypeHello }
func (HelloOK) frameType() string     { return TypeHelloOK }
func (PairRequest) frameType() string { return TypePairRequest }
func (PairOK) frameType() string      { return TypePairOK }
func (ErrorFrame) frameType() string  { return TypeError }
func (Req) frameType() string         { return TypeReq }
func (Res) frameType() string         { return TypeRes }
func (Event) frameType() string       { return TypeEvent }
func (Invoke) frameType() string      { return TypeInvoke }
func (InvokeRes) frameType() string   { return TypeInvokeRes }
func (Ping) frameType() string        { return TypePing }
func (Pong) frameType() string        { return TypePong }

// TypeOf is the frame's type as it is on the line.
func TypeOf(f Frame) string { return f.frameType() }

// Append appends the line of f, its newline included. Nothing is escaped for HTML, and text that is not UTF-8 goes out
// as U+FFFD, so that any frame can be sent.
func Append(dst []byte, f Frame) []byte {
	if r, ok := f.(Res); ok {
		return appendRes(dst, r)
	}
	out, _ := appendTyped(dst, f.frameType(), f) // structs of text always encode
	return out
}

// appendTyped writes the type before the members of body, a struct that has some.
func appendTyped(dst []byte, name string, body any) ([]byte, error) {
	out := append(dst, `{"type":"`...)
	out = append(out, name...)
	out = append(out, '"')
	at := len(out)
	out, err := wire.AppendPayload(out, body)
	if err != nil {
		return dst, err
	}
	out[at] = ',' // where the body opens
	return append(out, '\n'), nil
}

// appendRes writes payloadJSON or error, never both. Details that cannot be encoded are left out.
func appendRes(dst []byte, f Res) []byte {
	if f.Err == nil {
		out, _ := appendTyped(dst, TypeRes, struct {
			ID          string  `json:"id"`
			OK          bool    `json:"ok"`
			PayloadJSON *string `json:"payloadJSON"`
		}{f.ID, true, f.PayloadJSON})
		return out
	}
	type failed struct {
		ID  string      `json:"id"`
		OK  bool        `json:"ok"`
		Err *wire.Error `json:"error"`
	}
	out, err := appendTyped(dst, TypeRes, failed{f.ID, false, f.Err})
	if err != nil {
		out, _ = appendTyped(dst, TypeRes, failed{f.ID, false, &wire.Error{Code: f.Err.Code, Message: f.Err.Message}})
	}
	return out
}
