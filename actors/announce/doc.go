// Package announce is the actor that keeps the bridge announced, for devices to find it: on the local network, and in
// the zone file of a tailnet.
//
// What is sent and written is done by the functions of Options, off the actor. It owns how that stands, which everybody
// may read without asking it. A failure of the work restarts it with backoff; nobody but status notices.
package announce
