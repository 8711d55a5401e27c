// Package slack is the Slack surface in Socket Mode: events come in over a WebSocket that we open, everything else goes out
// as calls of the Web API.
//
// It owns one app's connection, the retry of a lost one, what it has learned of names, and how far each conversation has
// been read. It does not own sessions, pairing, the outbox or what was received: an envelope is acknowledged only after
// Env.Receive has taken its message, and not at all when that took longer than Slack waits; Slack then hands it out again.
//
// One goroutine, the caller of Run, deals with envelopes, so messages go up one after the other. Each connection is one run of
// the library's client, which may connect once and never by itself again: when and whether to connect anew is decided here, so
// the state that is reported is the state that there is, and the old socket is closed before a new one is opened. Send,
// Perform and Probe may be called at any time from any goroutine, also while Run is down.
//
// Restart: Env.Cursor says up to where conversations were read; what came since is fetched from their history, bounded by age
// and count. What comes twice has the same id, and the inbox recognises it. The addresses for answers to slash commands are in
// memory only: after a restart such an answer goes to the person as a direct message.
package slack
