// Package discovery tells devices where the bridge is, and finds bridges of others: multicast DNS on the local network,
// and a zone file for a name server on a tailnet.
//
// It owns the sockets of multicast DNS and the zone file. It does not know the bridge: it is told what to announce, and
// at which addresses that can be reached, and announces it only on interfaces where it can. Nothing is sent on an
// interface whose addresses are public, unless it is named.
//
// Order: what Run reports comes from one goroutine, one state after the other. Back-pressure: none is needed; an
// announcement is a few packets, and whoever floods the port is answered packet by packet without memory.
package discovery
