// Package process starts the programs that the agent has run, so that none of them outlives the gateway.
//
// Between the gateway and a program stands a guard: this program once more, started with the argument ChildArg, which does
// nothing but wait (Main). It leads the process group that the program and what it starts belong to, and reads a pipe of
// which the gateway has the other end. When the pipe closes, because the gateway wants it or is gone in whatever way, the
// guard ends everything below itself, on Linux also what has left the group. A guard runs nothing before its process id and
// start time are on disk, so that the next gateway finds what is left when guard and gateway were killed both (Keeper.Reap).
// A process is told from a later one with its id by the time it began and by a mark in its environment.
//
// The package owns no limits on output, time or number: actors/jobs does. It also knows how programs are confined
// (Confinement): by Landlock and seccomp, which the guard puts on before it runs the program, or by bubblewrap.
//
// For each process one goroutine runs until it has ended, with everything it started.
package process
