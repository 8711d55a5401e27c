// Package pairing owns who may talk to the gateway: the codes that unknown senders of direct messages are given, the
// requests of device nodes, the approvals that let them in, and the nodes' tokens, of which the store has only hashes.
// All of it is rows of the store; the actor "pairing" holds the count of recent attempts and who waits for a decision.
// A restart forgets both; whoever waited is told to ask again. The decisions of the last five minutes, tokens included,
// outlive it in memory.
//
// Issue is called by the router inside its own store operation. Approvals go through the actor. What a paired node can
// do, and which are connected, is the business of package node.
package pairing
