// Package telegramfake is a Bot API server for tests: real HTTP, the real offset and conflict rules, and faults on
// demand.
//
// It owns the state of one bot: the updates nobody has acknowledged, every message that was sent, the calls made. It
// does not know the gateway or the telegram provider. Server is a plain http.Handler; Start puts one on loopback for a
// test; Control lets another process drive one that runs on its own (see cmd/telegramfake).
//
// Everything is in memory: a new Server knows nothing. Only tests import it.
package telegramfake
