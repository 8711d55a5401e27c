// Package why answers what became of a message: it reads the tables of the store and puts together what belongs to one
// message, from its arrival to what the platform said of the answer. It is no actor and changes nothing; the outbox calls it.
//
// What it can tell ends with what the store keeps: 30 days of inbound messages and runs, 7 days of what was sent.
package why
