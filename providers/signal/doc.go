// Package signal is the Signal surface over the HTTP daemon of signal-cli: events in as server-sent events, JSON-RPC out.
//
// It owns the stream of one account, the daemon if it has started it, and the retry of a lost link. It does not own
// allowlists, sessions, the outbox or what was received. The place in the daemon's stream is kept through Env.Cursor and
// moves only after Env.Receive has taken a message.
//
// One goroutine, the caller of Run, reads the stream and hands messages up one after the other; while one cannot be stored
// it waits and reads nothing more. Send, Typing and Probe may be called at any time from any goroutine, also while Run is
// down.
//
// Restart: the stream is asked for from the kept place. What the daemon still holds comes again or late, and the inbox
// recognises what it has seen. A daemon too old to number its events holds nothing; docs/providers/signal.md says what
// that means.
package signal
