// Package eventstream is the one actor that numbers broadcast events (protocol 1.11) and fans them out.
//
// It owns the sequence number, the per-run numbers of agent events, the list of sinks and the tick. It does not
// own sockets: a Sink is a connection's bounded write queue, reached without a mailbox in between.
//
// An event is encoded by its publisher, once, before it gets here; every client sees the same bytes in the same
// order. The counter and the sinks live in State, which the supervisor keeps: after a restart numbers neither go
// back nor repeat, and the sinks are still there. The event in hand at a crash is lost before it was numbered;
// if it was not droppable a notice follows ("agent" event, stream "error").
//
// Every other actor may import it. It imports only the runtime and the wire.
package eventstream
