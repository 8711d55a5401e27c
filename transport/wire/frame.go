package wire

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Request is one request frame of a client.
type Request struct {
	ID     string
	Method string
	// Params is the raw params value, "{}" when the client sent none or null. It aliases the frame it was
	// parsed from.
	Params []byte
}

// FrameError says why a message is not a request frame. What follows from it depends on the phase of the
// connection (protocol 1.5, 1.6), which the transport knows.
type FrameError struct {
	// NotJSON: the text does not parse. After the handshake it is ignored.
	NotJSON bool
	// Hostile: it parses, but only leniently: nested deeper than MaxDepth, with a duplicate key, or with
	// data after the value. Before the handshake that counts as not JSON.
	Hostile bool
	// IDRaw is the id to answer with: the frame's own id value as it is, or "invalid" in quotes.
	IDRaw Raw
	// Text describes the fault: "data must have required property 'id'".
	Text string
}

func (e *FrameError) Error() string { return e.Text }

// Response is the answer to a broken frame once the handshake is over. Nothing is answered to NotJSON.
func (e *FrameError) Response() *Error {
	return &Error{Code: CodeInvalidRequest, Message: "invalid request frame: " + e.Text}
}

// ParseRequest reads one message. The caller has checked its size and that it is UTF-8, and leaves b
// unchanged for as long as it uses the request.
func ParseRequest(b []byte) (*Request, *FrameError) {
	if tooDeep(b) {
		return nil, rejectHostile(b, errDepth)
	}
	r := acquireReader(b)
	req := &Request{}
	ok := r.request(b, req) && r.end() == nil
	r.release()
	if ok {
		return req, nil
	}
	return parseSlowly(b)
}

const (
	seenType = 1 << iota
	seenID
	seenMethod
	seenAll = seenType | seenID | seenMethod
)

// request reads a frame that is exactly as clients write it. It says no to everything else, also to odd
// spellings that are valid (an escaped key): parseSlowly has the last word.
func (r *reader) request(b []byte, req *Request) bool {
	if r.d.PeekKind() != '{' {
		return false
	}
	if _, err := r.d.ReadToken(); err != nil {
		return false
	}
	seen := 0
	for r.d.PeekKind() == '"' {
		key, err := r.d.ReadValue()
		if err != nil {
			return false
		}
		field := frameField(key)
		val, err := r.d.ReadValue()
		if err != nil {
			return false
		}
		switch field {
		case 't':
			if string(val) != `"req"` {
				return false
			}
			seen |= seenType
		case 'i':
			if req.ID = frameString(val); req.ID == "" {
				return false
			}
			seen |= seenID
		case 'm':
			if req.Method = frameString(val); req.Method == "" {
				return false
			}
			seen |= seenMethod
		case 'p':
			end := int(r.d.InputOffset())
			req.Params = b[end-len(val) : end : end]
		default:
			return false
		}
	}
	if tok, err := r.d.ReadToken(); err != nil || tok.Kind() != '}' {
		return false
	}
	req.Params = orEmpty(req.Params)
	return seen == seenAll
}

func frameField(key jsontext.Value) byte {
	switch string(key) {
	case `"type"`:
		return 't'
	case `"id"`:
		return 'i'
	case `"method"`:
		return 'm'
	case `"params"`:
		return 'p'
	}
	return 0
}

// frameString unquotes v. It gives "" for what is not a string, which no required field may be anyway.
func frameString(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	return unquote(v)
}

func orEmpty(params []byte) []byte {
	if len(params) == 0 || string(params) == "null" {
		return []byte("{}")
	}
	return params
}

// parseSlowly handles what the fast path declined: it finds the fault, or an unusual spelling of a valid
// frame.
func parseSlowly(b []byte) (*Request, *FrameError) {
	frame, err := parseTree(b)
	switch {
	case err == nil:
	case errors.Is(err, errTrailing), errors.Is(err, jsontext.ErrDuplicateName):
		return nil, rejectHostile(b, err)
	default:
		return nil, notJSON()
	}
	if text := describe(requestFrame(), frame); text != "" {
		return nil, &FrameError{IDRaw: echoID(frame.member("id")), Text: text}
	}
	req := &Request{ID: frame.member("id").str, Method: frame.member("method").str}
	if p := frame.member("params"); p != nil {
		req.Params = p.raw
	}
	req.Params = orEmpty(req.Params)
	return req, nil
}

func notJSON() *FrameError {
	return &FrameError{NotJSON: true, IDRaw: invalidID(), Text: "data must be JSON"}
}

// rejectHostile looks whether b is JSON to a lenient reader, and finds an id to answer with.
func rejectHostile(b []byte, cause error) *FrameError {
	id, ok := lenientID(b)
	if !ok && !(errors.Is(cause, errDepth) && bottomless(b)) {
		return notJSON()
	}
	return &FrameError{Hostile: true, IDRaw: id, Text: hostileText(cause)}
}

// lenientID reads b as JSON that may have duplicate keys and data after the value. The id is "invalid" unless b is
// an object with exactly one.
func lenientID(b []byte) (id Raw, ok bool) {
	r := acquireReader(b)
	defer r.release()
	r.d.Reset(&r.buf, readerOptions, jsontext.AllowDuplicateNames(true))
	if r.d.PeekKind() != '{' {
		return invalidID(), r.d.SkipValue() == nil
	}
	if _, err := r.d.ReadToken(); err != nil {
		return invalidID(), false
	}
	ids := 0
	for r.d.PeekKind() == '"' {
		key, err := r.d.ReadValue()
		if err != nil {
			return invalidID(), false
		}
		isID := string(key) == `"id"`
		val, err := r.d.ReadValue()
		if err != nil {
			return invalidID(), false
		}
		if isID && val.Kind() == '"' {
			ids++
			id = Raw(val.Clone())
		}
	}
	if tok, err := r.d.ReadToken(); err != nil || tok.Kind() != '}' {
		return invalidID(), false
	}
	if ids != 1 {
		id = invalidID() // none, or two of which neither can be trusted
	}
	return id, true
}

func hostileText(cause error) string {
	switch {
	case errors.Is(cause, jsontext.ErrDuplicateName):
		return "data must NOT have duplicate keys"
	case errors.Is(cause, errTrailing):
		return "data must NOT be followed by more data"
	}
	return "data must NOT be nested deeper than 64 levels"
}

func invalidID() Raw { return Raw(`"invalid"`) }

// echoID gives the id to answer with: the frame's own value, whatever its type, unless absent or null.
func echoID(id *tree) Raw {
	if id == nil || id.kind == 'n' {
		return invalidID()
	}
	return Raw(id.raw)
}
