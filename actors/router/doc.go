// Package router owns what becomes of an inbound message: whether its sender may write, whether a group message is meant
// for us, whether it is a command, and which session it goes to.
//
// The actor "router" pulls the inbox of the store by its own cursor. For each message one store operation writes the
// outcome: the run with its frozen reply route, or the pairing code, or the note why it was dropped, together with the
// end of the inbox row. It keeps no state that matters: a restart pulls again and wakes every session that has work.
package router
