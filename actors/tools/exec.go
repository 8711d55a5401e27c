package tools

import "context"

// ExecRequest is a command that is about to be run. Either Argv or Command is set.
type ExecRequest struct {
	Argv    []string // program and arguments, run without a shell; on a device "node:<name>" stands first
	Command string   // a line for the shell
	Cwd     string   // absolute
}

// Approve asks whether a command may be run, and waits for the person who decides where one is to be asked. The error is
// for the model; nil = run it. It must be asked for each command, after everything that the caller was told was counted in
// (Caller is that of the call).
type Approve func(ctx context.Context, c Caller, r ExecRequest) error
