// Package server is a server of tools that speaks the Model Context Protocol on two streams, through the protocol's Go library.
// It owns the protocol; what the tools do is the caller's. Its goroutines end with Serve.
package server
