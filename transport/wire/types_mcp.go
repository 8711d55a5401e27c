package wire

// MCPStatusResult lists the servers of tools (Model Context Protocol) that the configuration names, by name.
type MCPStatusResult struct {
	Servers []MCPServer `json:"servers"`
}

// MCPServer is one of them.
type MCPServer struct {
	Name      string   `json:"name"`
	Transport string   `json:"transport" jsonschema:"enum=stdio,enum=http"`
	Phase     string   `json:"phase" jsonschema:"enum=disabled,enum=starting,enum=up,enum=backoff"`
	Reason    string   `json:"reason,omitempty"`   // why it is not up
	Problems  []string `json:"problems,omitempty"` // what is wrong with its tools
	Tools     []string `json:"tools"`              // as models call them
	Server    string   `json:"server,omitempty"`   // what it calls itself, while it is connected; the same for the next three
	Version   string   `json:"version,omitempty"`
	Protocol  string   `json:"protocol,omitempty"`
	PID       int64    `json:"pid,omitempty"`
	SinceMs   int64    `json:"sinceMs"`            // when the phase began
	NextAtMs  *int64   `json:"nextAtMs,omitempty"` // when it is tried again
	Failures  int64    `json:"failures"`           // in a row
	Starts    int64    `json:"starts"`
	Calls     int64    `json:"calls"` // under way
}

// MCPRestartParams names a server.
type MCPRestartParams struct {
	Server string `json:"server" jsonschema:"minLength=1"`
}
