// Package client is the Go client of the gateway: connect, call, events, and coming back after the
// connection was lost.
//
// Events are not replayed by the gateway. When a sequence number is missing, and after every reconnect,
// the client asks for health and presence again by itself and tells its owner (Options.OnRefresh), who may
// ask for more, chat.history for instance.
//
// It owns one socket at a time and the calls that wait on it. A call never survives its socket: it fails
// with ErrClosed, and whether it may be repeated is the caller's decision (with an idempotency key it may).
package client
