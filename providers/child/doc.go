// Package child runs the programs that the gateway talks to, signal-cli, imsg, servers of tools and coding agents, so that none
// outlives its owner.
//
// It owns a process from start to its last line of output: a child leads a process group of its own, or on Windows is in
// a job object of its own; what it writes comes line by line, and when it has ended, or is stopped, everything it started goes
// with it. It knows nothing of what the lines mean.
//
// One goroutine for each output stream and one that waits run until the process has ended; Stop returns after that. What a
// gateway that is killed leaves behind: a child on a leash is killed by the kernel, imsg ends with its standard input, a
// signal-cli daemon stays, and the next gateway finds it by its port. On Windows nothing is left (Leash).
//
// A Talk is a child that is talked to in lines, such as a server of tools or a coding agent: what it may say is bounded, and why it
// cannot be talked to any more is said in words.
package child
