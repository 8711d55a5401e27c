package config

import "time"

// Bash bounds the commands that the agent runs.
type Bash struct {
	BackgroundMs   int      `json:"backgroundMs" rule:"min=1"`
	TimeoutSec     int      `json:"timeoutSec" rule:"min=1"`
	CleanupMs      int      `json:"cleanupMs" rule:"min=1"`
	MaxOutputChars int      `json:"maxOutputChars" rule:"min=1000,max=150000"`
	PassEnv        []string `json:"passEnv"` // names of variables of the gateway that commands get besides the usual ones
}

// Wait is how long a command is waited for before it goes on in the background: 10 ms to 2 minutes.
func (b Bash) Wait() time.Duration {
	return time.Duration(min(max(b.BackgroundMs, 10), 120_000)) * time.Millisecond
}

// Sandbox confines the commands that the agent runs. Its further keys are those of other gateways' sandboxes.
type Sandbox struct {
	_             struct{} `rule:"open"`
	Mode          string   `json:"mode" rule:"enum=off|non-main|all"`
	Backend       string   `json:"backend" rule:"enum=auto|bubblewrap|landlock"`
	Network       bool     `json:"network"`
	PerSession    bool     `json:"perSession"`    // each session that is confined has a directory of its own to work in
	WorkspaceRoot string   `json:"workspaceRoot"` // where those are; "" = sandboxes in the state directory
	Read          []string `json:"read"`          // further directories that commands may read
}

// Files is where the tools for files work besides the workspace.
type Files struct {
	Roots []string `json:"roots"`
}
