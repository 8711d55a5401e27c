// Package child runs the programs that some surfaces are reached through, signal-cli and imsg, so that none outlives its
// account.
//
// It owns a process from start to its last line of output: a child leads a process group of its own, what it writes comes
// line by line, and when it has ended, or is stopped, everything it started goes with it. It knows nothing of what the
// lines mean.
//
// One goroutine for each output stream and one that waits run until the process has ended; Stop returns after that. What a
// gateway that is killed leaves behind is the child's own affair: imsg ends with its standard input, a signal-cli daemon
// stays, and the next gateway finds it by its port.
package child
