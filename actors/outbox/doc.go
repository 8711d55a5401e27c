// Package outbox owns what leaves the gateway: every outgoing message is a row of the store before anything is done
// about it, and a row never goes out twice by itself.
//
// Whoever has something to say adds rows in its own store operation (Rows, Enqueue) and tells the actor "outbox"
// Wake. The outbox keeps one lane actor per chat of an account, lane/<account>/<chat>: a lane sends the rows of its chat
// one after the other, so one chat's trouble stays there. The order of one attempt: the account says it is up and
// has room; the row is marked sending, on disk; the provider is asked; the outcome is written, on disk.
//
// A row found in state sending without an attempt of this process is from before a crash: its outcome is unknown. It is
// asked about where the platform can tell, else shown as ambiguous, never silently sent again.
//
// A restart pulls again from the table. The attempts in progress are kept outside of the actors (flights), so that the
// crash of a lane does not lose a receipt.
package outbox
