// Package mcp is the contract between the gateway and servers of tools that speak the Model Context Protocol: what a server is,
// what its tools and their results look like, and which errors there are. The implementation is providers/mcp/client; the
// program passes it to the gateway as a value, so that who embeds the gateway without it does not link the protocol's library.
//
// It owns nothing and keeps nothing.
package mcp
