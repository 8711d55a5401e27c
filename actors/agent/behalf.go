package agent

import "github.com/clawdbot/gateway/providers"

// Behalf says which run has asked for this one. A run that is asked for has the rights of the one that asks, and keeps what
// those follow from.
type Behalf struct {
	// Kind and Route are those of the run that everything began with: a message of a person, a job.
	Kind  Kind             `json:"kind"`
	Route *providers.Route `json:"route,omitempty"`
	// Session is the key of the one that asks, Run the id of its run.
	Session string `json:"session"`
	Run     string `json:"run,omitempty"`
	// Path are the sessions that messages between agents have come through, the first one first; Waits are those of them
	// that wait for the answer.
	Path  []string `json:"path,omitempty"`
	Waits []string `json:"waits,omitempty"`

	// Rights are what the settings of the sessions say that led here.
	Rights []SessionRights `json:"rights,omitempty"`

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

// Rights are what the settings of all sessions say that a run belongs to: its own, and those that led to it.
func (j Job) Rights() (all []SessionRights) {
	if b := j.Request.Behalf; b != nil {
		all = append(all, b.Rights...)
	}
	if r := j.Session; len(r.Allow)+len(r.Deny) > 0 || r.Elevated != "" {
		all = append(all, r)
	}
	return all
}

// Inner begins the request of a run that this one asks for: all of its rights, nothing of its task.
func (j Job) Inner() Request {
	r := j.Request
	r.Message, r.Plain, r.Thinking, r.System, r.To, r.Problem = "", "", "", "", "", ""
	r.Timeout, r.Deliver, r.BestEffort, r.NewSession = nil, false, false, false
	r.Audio, r.Images, r.ReceivedAt = nil, nil, 0
	b := Behalf{Session: j.SessionKey, Run: j.ID}
	b.Kind, b.Route = j.Origin()
	b.Rights = j.Rights()
	if before := j.Request.Behalf; before != nil {
		b.Path, b.Waits, b.Rounds = before.Path, before.Waits, before.Rounds
	}
	r.Behalf = &b
	return r
}
