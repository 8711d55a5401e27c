// Package tui is the chat in the terminal: `clawdbot tui`.
//
// It owns the screen and what is typed. What is said is the gateway's: history is loaded when a session is opened, after a
// turn and after a connection was lost, and what streams in between fills in what history does not have yet. A message
// that was not answered when the connection went away is sent again under its key, so that it is never said twice.
//
// The screen is one goroutine's (Update); calls run beside it and come back as messages. Nothing of a message reaches the
// terminal but text: see clean.
package tui
