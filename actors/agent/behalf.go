package agent

import "github.com/clawdbot/gateway/providers"

// Behalf says which run has asked for this one. A run that is asked for has the rights of the one that asks, and keeps what
// those follow from.
type Behalf struct {
	// Kind and Route are those of the run that everything began with: a message of a person, a job.
	Kind  Kind             `json:"kind"`
	Route *providers.Route `json:"route,omitempty"`
	// Session is the key of the one that asks.
	Session string `json:"session"`
	// Path are the sessions that messages between agents have come through, the first one first; Waits are those of them
	// that wait for the answer.
	Path  []string `json:"path,omitempty"`
	Waits []string `json:"waits,omitempty"`

	Label  string           `json:"label,omitempty"`  // of a sub-agent
	Answer *providers.Route `json:"answer,omitempty"` // where the run that hears of a sub-agent's end answers; nil = to clients only
	Rounds int              `json:"rounds,omitempty"` // how many sub-agents in a row have led to each other
}

// Origin is what a run's rights follow from: its own kind and route, or those of the run that everything began with.
func (j Job) Origin() (Kind, *providers.Route) {
	if b := j.Request.Behalf; b != nil {
		return b.Kind, b.Route
	}
	return j.Kind, j.Route
}

// Inner begins the request of a run that this one asks for: all of its rights, nothing of its task.
func (j Job) Inner() Request {
	r := j.Request
	r.Message, r.Plain, r.Thinking, r.System, r.To, r.Problem = "", "", "", "", "", ""
	r.Timeout, r.Deliver, r.BestEffort, r.NewSession = nil, false, false, false
	r.Audio, r.Images = nil, nil
	b := Behalf{Session: j.SessionKey}
	b.Kind, b.Route = j.Origin()
	if before := j.Request.Behalf; before != nil {
		b.Path, b.Waits, b.Rounds = before.Path, before.Waits, before.Rounds
	}
	r.Behalf = &b
	return r
}
