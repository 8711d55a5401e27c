// Package pi speaks the RPC mode of the coding agent pi: lines of JSON over its standard streams.
//
// It owns one turn per Run: pi's session (a new one, or its file from before), the prompt, the events that pi streams, and the
// answers to what its extensions ask people. pi asks for no permissions of its own and works on files by itself.
package pi
