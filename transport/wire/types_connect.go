package wire

// RequestFrame is what a client sends.
type RequestFrame struct {
	Type   string `json:"type" jsonschema:"enum=req"`
	ID     string `json:"id" jsonschema:"minLength=1"`
	Method string `json:"method" jsonschema:"minLength=1"`
	Params any    `json:"params,omitempty"`
}

// ResponseFrame answers a request. A frame with ok:false may have a payload too.
type ResponseFrame struct {
	Type    string `json:"type" jsonschema:"enum=res"`
	ID      string `json:"id" jsonschema:"minLength=1"`
	OK      bool   `json:"ok"`
	Payload Raw    `json:"payload,omitzero"`
	Error   *Error `json:"error,omitempty"`
}

// EventFrame is a broadcast.
type EventFrame struct {
	Type         string        `json:"type" jsonschema:"enum=event"`
	Event        string        `json:"event" jsonschema:"minLength=1"`
	Payload      Raw           `json:"payload,omitzero"`
	Seq          *int64        `json:"seq,omitempty" jsonschema:"minimum=0"`
	StateVersion *StateVersion `json:"stateVersion,omitempty"`
}

// ConnectParams opens a connection (protocol 1.7).
type ConnectParams struct {
	MinProtocol int64         `json:"minProtocol" jsonschema:"minimum=1"`
	MaxProtocol int64         `json:"maxProtocol" jsonschema:"minimum=1"`
	Client      ConnectClient `json:"client"`
	Caps        []string      `json:"caps,omitempty" jsonschema:"minLength=1"`
	Auth        *ConnectAuth  `json:"auth,omitempty"`
	Locale      string        `json:"locale,omitempty"`
	UserAgent   string        `json:"userAgent,omitempty"`
}

// ConnectClient is what a client says of itself.
type ConnectClient struct {
	Name            string `json:"name" jsonschema:"minLength=1"`
	Version         string `json:"version" jsonschema:"minLength=1"`
	Platform        string `json:"platform" jsonschema:"minLength=1"`
	DeviceFamily    string `json:"deviceFamily,omitempty" jsonschema:"minLength=1"`
	ModelIdentifier string `json:"modelIdentifier,omitempty" jsonschema:"minLength=1"`
	Mode            string `json:"mode" jsonschema:"minLength=1"`
	InstanceID      string `json:"instanceId,omitempty" jsonschema:"minLength=1"`
}

// ConnectAuth holds secrets: never log it.
type ConnectAuth struct {
	Token    string `json:"token,omitempty"`
	Password string `json:"password,omitempty"`
}

// HelloOK is the payload that answers connect (protocol 1.8).
type HelloOK struct {
	Type          string        `json:"type" jsonschema:"enum=hello-ok"`
	Protocol      int64         `json:"protocol" jsonschema:"minimum=1"`
	Server        HelloServer   `json:"server"`
	Features      HelloFeatures `json:"features"`
	Snapshot      Snapshot      `json:"snapshot"`
	CanvasHostURL string        `json:"canvasHostUrl,omitempty" jsonschema:"minLength=1"`
	Policy        HelloPolicy   `json:"policy"`
}

// HelloServer names the gateway process and the connection.
type HelloServer struct {
	Version string `json:"version" jsonschema:"minLength=1"`
	Commit  string `json:"commit,omitempty" jsonschema:"minLength=1"`
	Host    string `json:"host,omitempty" jsonschema:"minLength=1"`
	ConnID  string `json:"connId" jsonschema:"minLength=1"`
}

// HelloFeatures lists what may be called and what may arrive.
type HelloFeatures struct {
	Methods []string `json:"methods" jsonschema:"minLength=1"`
	Events  []string `json:"events" jsonschema:"minLength=1"`
}

// Snapshot is the state at the time of the hello. Presence includes the client itself.
type Snapshot struct {
	Presence     []PresenceEntry `json:"presence"`
	Health       Raw             `json:"health"` // a HealthSummary, or {} while none is known
	StateVersion StateVersion    `json:"stateVersion"`
	UptimeMs     int64           `json:"uptimeMs" jsonschema:"minimum=0"`
	ConfigPath   string          `json:"configPath,omitempty" jsonschema:"minLength=1"`
	StateDir     string          `json:"stateDir,omitempty" jsonschema:"minLength=1"`
}

// HelloPolicy tells the limits that hold for the connection.
type HelloPolicy struct {
	MaxPayload       int64 `json:"maxPayload" jsonschema:"minimum=1"`
	MaxBufferedBytes int64 `json:"maxBufferedBytes" jsonschema:"minimum=1"`
	TickIntervalMs   int64 `json:"tickIntervalMs" jsonschema:"minimum=1"`
}

// NewHelloPolicy gives the limits of this package.
func NewHelloPolicy() HelloPolicy {
	return HelloPolicy{MaxPayload: MaxPayload, MaxBufferedBytes: MaxBuffered, TickIntervalMs: TickInterval.Milliseconds()}
}

// MismatchDetails goes with the error "protocol mismatch".
type MismatchDetails struct {
	ExpectedProtocol int64 `json:"expectedProtocol"`
}

// NoParams is for methods that take an empty object.
type NoParams struct{}

// OKResult is {"ok":...}.
type OKResult struct {
	OK bool `json:"ok"`
}
