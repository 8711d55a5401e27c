// Package codeagent is the contract between the gateway and coding agents, programs that do the work of a turn by themselves: what
// such a program is given, what is heard of it, and what it may ask for. The protocols are providers/codeagent/acp and
// providers/codeagent/pi; the program passes them to the gateway as values, so that who embeds the gateway without them does
// not link them.
//
// It owns what the protocols share: the program as a child with its whole process group, the reading of its lines, and the
// bounds on those (Process). It knows nothing of sessions and of what the lines mean.
//
// A process has one turn. Its goroutines end with it.
package codeagent
