// Package wire is the protocol of the gateway: frames, method and event names, the types of every params
// and result object, error and close codes, limits, and the check of inbound params against JSON Schema.
//
// It owns the shape of what crosses the WebSocket and nothing else: no sockets, no state, no decisions.
// The Go types are the one source. cmd/wiregen derives schema/protocol.schema.json from them, which is
// embedded here and compiled once into a walker over raw tokens that allocates nothing for valid params.
//
// It imports nothing of this module and is the only user of the JSON library, so that one set of rules
// (nil slices are [], no HTML escaping, duplicate keys refused) holds on every wire.
package wire

//go:generate go run github.com/clawdbot/gateway/cmd/wiregen
