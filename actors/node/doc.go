// Package node owns what is known of device nodes beyond their pairing: which are connected, what an operator may have
// them do (node.*), what they may ask for, which sessions they follow, talk mode and the wake words. Who is paired is the
// business of package pairing, whose rows it reads.
//
// "nodes" is the supervisor: it has the idempotency keys of invokes that are under way, and spawns node/<nodeId> for each
// node that is connected. That actor has the node's socket, the invokes that wait for it and the calls that it waits for;
// it is never restarted: when it fails, its socket is closed, and whoever waited for the node hears that. A node that
// connects anew takes the place of its own older connection.
//
// The sockets belong to the node bridge, which is not known here: a Socket is given with each Attach. Who is connected
// and who follows what is in a Directory, which outlives the actors' incarnations and is a sink of the event stream.
// Keys, outcomes and the mailboxes of nodes that sleep are in the store, wake words in a file; nothing else is kept.
package node
