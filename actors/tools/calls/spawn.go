package calls

import (
	"context"

	"github.com/clawdbot/gateway/actors/tools"
)

// Task is what a sub-agent is to do.
type Task struct {
	Text           string
	Label          string
	Model          string // "" = the default
	Thinking       string // "" = the default
	TimeoutSeconds int64  // 0 = the configured one
}

// Sub is a sub-agent that has not ended.
type Sub struct {
	ID         string `json:"id"`
	SessionKey string `json:"sessionKey"`
	Label      string `json:"label,omitempty"`
	State      string `json:"state"` // accepted, running
	Since      int64  `json:"since"` // ms
	Asked      string `json:"askedBy"`
}

type spawnArgs struct {
	Task           string `json:"task" arg:"required" doc:"all that it needs to know: it sees nothing of this conversation"`
	Label          string `json:"label" doc:"a short name, to tell it from others"`
	Model          string `json:"model" doc:"provider/model or an alias; the default unless said"`
	Thinking       string `json:"thinking" arg:"enum=off|minimal|low|medium|high"`
	TimeoutSeconds int64  `json:"timeoutSeconds" arg:"min=0,max=86400" doc:"after which it is stopped; the usual limit of turns unless said"`
}

func (o Options) spawn() tools.Tool {
	return tool("sessions_spawn", tools.GroupMessage,
		"Have a sub-agent do a task on its own, beside you, in a session of its own. It returns at once; what becomes of the task is told to this conversation later, by itself: "+
			"do not wait or ask. A sub-agent may do what you may do, but has no sub-agents.",
		func(ctx context.Context, _ tools.Caller, a spawnArgs) (any, error) {
			s, err := o.Spawn(ctx, Task{Text: a.Task, Label: a.Label, Model: a.Model, Thinking: a.Thinking, TimeoutSeconds: a.TimeoutSeconds})
			return map[string]any{"status": "accepted", "id": s.ID, "sessionKey": s.SessionKey}, err
		})
}

type subsArgs struct {
	Action string `json:"action" arg:"required,enum=list|stop"`
	ID     string `json:"id" doc:"stop: as list and sessions_spawn have it"`
}

func (o Options) subagents() tools.Tool {
	return tool("subagents", tools.GroupMessage,
		"The sub-agents of this conversation that are at work: list them, or stop one (it then reports what it has). sessions_history shows what one has done so far.",
		func(ctx context.Context, _ tools.Caller, a subsArgs) (any, error) {
			if a.Action == "stop" {
				return map[string]any{"ok": true}, o.Stop(ctx, a.ID)
			}
			all, err := o.Subs(ctx)
			return map[string]any{"subagents": all}, err
		})
}
