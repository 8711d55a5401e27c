// Package imessage is the iMessage surface over `imsg rpc`, a child process that reads the Messages database and writes
// through the Messages app: one JSON-RPC object a line, both ways.
//
// It owns the child, the subscription and the retry of both. It does not own allowlists, sessions, the outbox or what was
// received. The place in the database (ROWID) is kept through Env.Cursor and moves only after Env.Receive has taken a
// message, so a new child goes on where the last one stopped.
//
// The caller of Run hands messages up one after the other. Send and Probe may be called at any time from any goroutine; while
// Run is down each of them starts a child of its own. The child does one thing after another, so calls wait for their turn
// here, where it is known that they have not begun.
package imessage
