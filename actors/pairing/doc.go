// Package pairing owns who may talk to the gateway: the codes that unknown senders of direct messages are given, and
// the approvals that let them in. Codes and approvals are rows of the store; the actor "pairing" holds nothing but the
// count of recent attempts, so a restart rebuilds nothing.
//
// Issue is called by the router inside its own store operation. Approvals go through the actor.
package pairing
