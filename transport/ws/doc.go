// Package ws is the server side of the client WebSocket: the upgrade and who may ask for it, the
// handshake up to an accepted connect (protocol 1.5), reading and checking request frames (1.6), and one
// write queue per connection that never blocks whoever fills it (1.12).
//
// It owns sockets, their limits and the check of credentials. It knows nothing of actors, methods or
// events: what a request means is decided behind Options.Open and Handler.
//
// An idle connection costs one goroutine, the one that reads. A writer goroutine exists only while there
// is something to write; it takes all that is queued and hands it to the kernel in one call.
//
// Nothing survives a restart: clients reconnect and ask again.
package ws
