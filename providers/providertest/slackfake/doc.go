// Package slackfake is a Slack workspace for tests: the Web API over HTTP, Socket Mode over a WebSocket, and faults on
// demand.
//
// It owns what the platform owns: people, conversations and their history, files, and the envelopes that nobody has
// acknowledged. An envelope that is not acknowledged in time, or whose connection has gone, is handed out again with a
// higher retry_attempt. It does not know the gateway or the slack provider. Server is a plain http.Handler; Start puts one
// on loopback for a test; NewPeer shows it as an end-to-end test sees a platform.
//
// Everything is in memory: a new Server knows nothing. Only tests import it.
package slackfake
