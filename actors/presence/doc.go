// Package presence is the actor that knows who is there: the gateway itself, connected clients, nodes, and what
// system-event reports (protocol 5).
//
// It owns the presence list and its version. The list is memory: after a restart of the actor it holds the
// gateway's own entry, and the connections that are still up report again. It publishes presence events: at once
// for a system-event, and at most once a second after connects and disconnects.
package presence
