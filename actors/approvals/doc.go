// Package approvals asks people whether a command may be run.
//
// The actor "approvals" owns the questions that wait for an answer, and the list of commands that are always allowed, which is
// in the store. Who asks (Asker.Approve) is the goroutine of a tool's call: it repeats its question under one id until there is
// an answer, so that a message that is lost, or a crash of the actor, costs seconds. A question nobody repeats any more has lost
// its run and ends. Questions are memory: the runs that ask end with the process, too.
//
// It imports the store, the event stream and the contract of tools (actors/tools).
package approvals
