// Package node owns what is known of device nodes beyond their pairing: which are connected, what an operator may ask of
// them (node.*), talk mode and the wake words. Who is paired is the business of package pairing, whose rows it reads.
//
// The connections themselves belong to the node bridge, which is given as a Bridge; without one, no node is connected and
// node.invoke says so. The actor "nodes" has no state of its own: names are in the store, wake words in a file, and a
// restart rebuilds nothing.
package node
