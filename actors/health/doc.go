// Package health is the actor that keeps the gateway's health snapshot and the last heartbeat (protocol 6).
//
// It owns the health version, the cached snapshot and the set-heartbeats switch, all of them memory. A refresh asks
// the rest of the gateway through Options.Probe, off the actor, one at a time; every finished refresh is one
// version and one health event. Refreshes asked for by connects and calls are coalesced: at most one a second.
// After a restart of the actor the first caller makes a new snapshot.
package health
