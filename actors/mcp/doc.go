// Package mcp owns the servers of tools (Model Context Protocol) that the configuration names: one actor per server, "server/<name>",
// under the supervisor "mcp". A server is kept connected, its tools are read and read again when it says that they have
// changed, and a lost one is tried again, each time later.
//
// It does not own the protocol (providers/mcp), the configuration, nor who may call a tool (actors/tools).
//
// What must outlive a crash of an actor is in the Directory: which servers are wanted, how each is, its tools, and the turn of
// the connection that may still be there. A connection begins after the one before it has gone: there are never two processes
// of one server. A call goes straight to the connection, off the actors, so that no lost message can hold it up; it ends with
// the connection. Nothing is stored: after a start everything is asked for anew.
package mcp
