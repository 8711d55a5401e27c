// Package router owns what becomes of an inbound message: whether its sender may write, whether a group message is meant
// for us, what it asks of the gateway itself (directives, commands, a new conversation), and which session it goes to.
//
// The actor "router" pulls the inbox of the store by its own cursor. For each message one store operation writes the
// outcome: the run with its frozen reply route, the session's entry as a command leaves it with the command's answer, the
// pairing code, or the note why it was dropped, together with the end of the inbox row. How the words are read is
// actors/command; what a session is, actors/session. It keeps no state that matters: a restart pulls again and wakes every session that has work.
package router
