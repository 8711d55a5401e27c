package wire

import "fmt"

// Peer is what a client said of itself in connect, plus what its socket says of it.
// It is fixed for the life of a connection.
type Peer struct {
	ConnID          string // UUID v4 per connection
	Name            string // connect client.name; presence host
	Version         string
	Platform        string
	DeviceFamily    string
	ModelIdentifier string
	Mode            string // "cli", "webchat", "app", ...: free text
	InstanceID      string // presence identity; may be empty
	RemoteIP        string // peer address without port, v4-mapped folded
	Local           bool   // the peer address is loopback
}

// PeerModeNode is the Mode of a device node that calls a method over the bridge. It is no operator.
const PeerModeNode = "node"

// Call is one client request on its way to the package that owns the method.
type Call struct {
	ID     string
	Method string
	Params []byte // raw JSON; "{}" when the client sent none; owned by the Call
	Peer   Peer
	// Respond answers the call. It may be called from any goroutine, never blocks, and must be called
	// exactly once with Result.More false; Results with More true may precede that one ("agent").
	Respond func(Result)
	// Hold, when set, says that the call has been accepted for good and its answer may take as long as a run does:
	// the connection's own limit for answers no longer applies.
	Hold func()
}

// Result is one answer to a Call. With Err set the frame has ok:false, and Payload may be present too.
type Result struct {
	Payload any // encoded once; a Raw is used verbatim
	Err     *Error
	More    bool // an earlier stage: another Result follows
}

// Raw is encoded JSON that is written as it is.
type Raw []byte

// OK answers with a payload.
func (c *Call) OK(payload any) { c.Respond(Result{Payload: payload}) }

// Fail answers with an error. An *Error goes out as it is, any other error as UNAVAILABLE.
func (c *Call) Fail(err error) { c.Respond(Result{Err: AsError(err)}) }

// Answer answers with err if there is one, else with the payload.
func (c *Call) Answer(payload any, err error) {
	if err != nil {
		c.Fail(err)
		return
	}
	c.OK(payload)
}

// Method is one row of the method table: the package that owns the state owns the row (rpc.go).
type Method struct {
	Name string
	// Strict: params are checked against the schema of this method (unknown keys refused).
	// False for the methods that protocol 2 leaves unvalidated.
	Strict bool
	// Handle runs on the connection's actor: it must not block and must see to it that Respond is called.
	Handle func(*Call)
}

// Table is a set of methods. The root merges the tables of all owners.
type Table []Method

// Strict makes a row whose params are schema-checked before they are decoded into P.
func Strict[P any](name string, h func(*Call, P)) Method {
	return Method{Name: name, Strict: true, Handle: decoded(h)}
}

// Loose makes a row whose params are not schema-checked: h reads call.Params itself.
func Loose(name string, h func(*Call)) Method { return Method{Name: name, Handle: h} }

func decoded[P any](h func(*Call, P)) func(*Call) {
	return func(c *Call) {
		var p P
		if err := Unmarshal(c.Params, &p); err != nil {
			c.Fail(InvalidRequest("invalid %s params: %v", c.Method, err))
			return
		}
		h(c, p)
	}
}

// Merge joins tables and refuses a method name that two owners claim.
func Merge(tables ...Table) (Table, error) {
	var all Table
	seen := map[string]bool{}
	for _, t := range tables {
		for _, m := range t {
			if seen[m.Name] {
				return nil, fmt.Errorf("method %q has two owners", m.Name)
			}
			seen[m.Name] = true
			all = append(all, m)
		}
	}
	return all, nil
}

// Event is a broadcast before it has a sequence number.
type Event struct {
	Name         string
	Payload      any  // encoded once; a Raw is used verbatim
	Droppable    bool // a slow client may miss it (protocol 1.12)
	StateVersion *StateVersion
}

// StateVersion goes with presence and health events and with hello-ok.
type StateVersion struct {
	Presence int64 `json:"presence" jsonschema:"minimum=0"`
	Health   int64 `json:"health" jsonschema:"minimum=0"`
}
