// Package telegram is the Telegram surface over the Bot API: long polling in, plain method calls out.
//
// It owns one bot account's HTTP connections, the update offset in memory and the retry of a lost link. It does not
// own sessions, pairing, allowlists, the outbox or what was received: an update is acknowledged (by the offset of the
// next getUpdates) only after Env.Receive has taken its message.
//
// One goroutine, the caller of Run, polls: there is never more than one getUpdates in flight, and messages go up one
// after the other in the platform's order. Send, Typing and Probe may be called at any time from any goroutine, also
// while Run is down.
//
// Restart: a new Run asks from the kept offset, a new process from the first update that Telegram still holds. Both
// may deliver again what was taken but not yet acknowledged; the inbox recognises it.
package telegram
