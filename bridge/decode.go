package bridge

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/clawdbot/gateway/transport/wire"
)

// BadFrame says why a line is no frame. The gateway answers it with an error frame INVALID_REQUEST.
type BadFrame struct{ Text string }

func (e *BadFrame) Error() string { return e.Text }

// unknownType is the text for JSON that is no frame of this protocol.
const unknownType = "unknown type"

// Decode reads one line; what it returns holds no part of it. It takes what the reference takes: an optional member of
// another type counts as not there, a number or truth value where a text is required counts as its text, members that it
// does not know are ignored. Not taken are lines that nest deeper than wire.MaxDepth or that have a key twice. The error
// is a *BadFrame.
func Decode(line []byte) (Frame, error) {
	if err := wire.Valid(line); err != nil {
		return nil, &BadFrame{"SyntaxError: " + err.Error()}
	}
	if line = bytes.TrimSpace(line); line[0] != '{' {
		return nil, &BadFrame{unknownType}
	}
	var m members
	if err := wire.Unmarshal(line, &m); err != nil {
		return nil, &BadFrame{"SyntaxError: " + err.Error()}
	}
	if !m.Type.isText {
		return nil, &BadFrame{unknownType}
	}
	return m.frame()
}

// members are those of all frames; which of them count depends on the type.
type members struct {
	Type            text      `json:"type"`
	NodeID          text      `json:"nodeId"`
	DisplayName     text      `json:"displayName"`
	Token           text      `json:"token"`
	Platform        text      `json:"platform"`
	Version         text      `json:"version"`
	DeviceFamily    text      `json:"deviceFamily"`
	ModelIdentifier text      `json:"modelIdentifier"`
	Caps            list      `json:"caps"`
	Commands        list      `json:"commands"`
	Permissions     granted   `json:"permissions"`
	Silent          text      `json:"silent"`
	ServerName      text      `json:"serverName"`
	CanvasHostURL   text      `json:"canvasHostUrl"`
	Code            text      `json:"code"`
	Message         text      `json:"message"`
	ID              text      `json:"id"`
	Method          text      `json:"method"`
	ParamsJSON      text      `json:"paramsJSON"`
	OK              text      `json:"ok"`
	PayloadJSON     text      `json:"payloadJSON"`
	Error           nodeError `json:"error"`
	Event           text      `json:"event"`
	Command         text      `json:"command"`
}

func (m *members) about() About {
	return About{
		NodeID: strings.TrimSpace(m.NodeID.s), DisplayName: m.DisplayName.only(), Platform: m.Platform.only(), Version: m.Version.only(),
		DeviceFamily: m.DeviceFamily.only(), ModelIdentifier: m.ModelIdentifier.only(),
		Caps: m.Caps, Commands: m.Commands, Permissions: m.Permissions,
	}
}

func (m *members) frame() (Frame, error) {
	switch m.Type.s {
	case TypeHello:
		return Hello{About: m.about(), Token: strings.TrimSpace(m.Token.only())}, nil
	case TypePairRequest:
		return PairRequest{About: m.about(), Silent: m.Silent.isTrue}, nil
	case TypeHelloOK:
		return HelloOK{m.ServerName.only(), m.CanvasHostURL.only()}, nil
	case TypePairOK:
		return PairOK{m.Token.only()}, nil
	case TypeError:
		return ErrorFrame{m.Code.only(), m.Message.only()}, nil
	case TypeReq:
		return Req{m.ID.s, m.Method.s, m.ParamsJSON.pointer()}, nil
	case TypeRes:
		return m.res(), nil
	case TypeEvent:
		return Event{m.Event.s, m.PayloadJSON.pointer()}, nil
	case TypeInvoke:
		return Invoke{m.ID.s, m.Command.s, m.ParamsJSON.pointer()}, nil
	case TypeInvokeRes:
		r := InvokeRes{ID: m.ID.s, OK: m.OK.isTrue, PayloadJSON: m.PayloadJSON.pointer()}
		if m.Error.there {
			r.Err = &InvokeError{m.Error.code, m.Error.message}
		}
		return r, nil
	case TypePing:
		return Ping{m.ID.s}, nil
	case TypePong:
		return Pong{m.ID.s}, nil
	}
	return nil, &BadFrame{unknownType}
}

// res has an error exactly when it is not ok.
func (m *members) res() Frame {
	r := Res{ID: m.ID.s}
	if m.OK.isTrue {
		r.PayloadJSON = m.PayloadJSON.pointer()
		return r
	}
	r.Err = &wire.Error{Code: m.Error.code, Message: m.Error.message}
	if len(m.Error.details) > 0 {
		r.Err.Details = m.Error.details
	}
	return r
}

// text is a member that should be a string.
type text struct {
	s      string // as JavaScript's String() gives it for a string, a number or a truth value; else ""
	isText bool
	isTrue bool // the value is true
}

// only is the text of a member that must be a string or else is not there.
func (t text) only() string {
	if !t.isText {
		return ""
	}
	return t.s
}

func (t text) pointer() *string {
	if !t.isText {
		return nil
	}
	return &t.s
}

// UnmarshalJSONFrom takes any value.
func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err == nil {
		*t = textOf(v)
	}
	return err
}

func textOf(v jsontext.Value) text {
	switch v.Kind() {
	case '"':
		s, _ := jsontext.AppendUnquote(nil, v) // what is not UTF-8 comes out as U+FFFD, with an error
		return text{s: string(s), isText: true}
	case '0', 't', 'f':
		return text{s: string(v), isTrue: v.Kind() == 't'}
	}
	return text{}
}

// list is a member that should be an array of strings. Blank elements are dropped; nil = it was no array.
type list []string

func (l *list) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*l = nil
	if d.PeekKind() != '[' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*l = list{}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		if s := textOf(v).s; strings.TrimSpace(s) != "" {
			*l = append(*l, s)
		}
	}
	_, err := d.ReadToken()
	return err
}

// granted is a member that should be an object of truth values: what is not true is false. Blank names are dropped;
// nil = it was no object, or an empty one.
type granted map[string]bool

func (g *granted) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*g = nil
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		key, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := strings.TrimSpace(key.String())
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if *g == nil {
			*g = granted{}
		}
		(*g)[name] = v.Kind() == 't'
	}
	_, err := d.ReadToken()
	return err
}

// nodeError is the member error of res and invoke-res.
type nodeError struct {
	there         bool // it is an object
	code, message string
	details       wire.Raw
}

func (e *nodeError) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	var m struct {
		Code    text     `json:"code"`
		Message text     `json:"message"`
		Details wire.Raw `json:"details"`
	}
	if err := wire.Unmarshal(v, &m); err != nil {
		return err
	}
	*e = nodeError{true, m.Code.s, m.Message.s, m.Details}
	return nil
}
