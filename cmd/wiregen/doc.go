// Command wiregen derives from the Go types of transport/wire what others read of the protocol: the
// embedded JSON Schema (transport/wire/schema/protocol.schema.json), docs/protocol.md, the Swift models
// (transport/wire/swift) and the TypeScript types (transport/client/typescript/src/types.gen.ts).
//
// It owns the table of which type belongs to which method and event. With -check it writes nothing and
// exits 1 when a file on disk is not what it would write.
package main
