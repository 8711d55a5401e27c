// Package publish is the actor that has Tailscale publish the gateway's port, and knows whether it is.
//
// What is run is the function of Options, off the actor. It owns how that stands, which everybody may read without asking it.
// Nobody waits for it: a gateway starts and works without Tailscale, and status says so.
package publish
