// Package client speaks the Model Context Protocol to servers of tools, through the protocol's Go library: to child processes
// on their standard streams, and to addresses over streamable HTTP.
//
// It owns one connection per Dial: the child with its whole process group, the pump that reads what it says, the bounds on
// that (length of a message, how many messages a second, how much that is no message at all), and what tools and results are
// made of what a server says. It does not own when a server is started again, what its tools are called here, nor who may
// call them.
//
// A server is told nothing of the gateway but its name and version, and is asked for nothing but tools: no sampling, no
// elicitation, no roots. A session's goroutines end with Close.
package client
