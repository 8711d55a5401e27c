// Package store owns everything the gateway must not lose: the lock on the state directory, the SQLite database in
// it, its migrations and snapshots, one writer and a pool of readers.
//
// Writing: Commit hands an Op to the writer, which runs all that is queued as one transaction with one sync (group
// commit) and then tells each caller. "done(nil)" means durable: it survives kill -9 and a power cut.
// Reading: View runs a read-only transaction on one of four connections and never waits for the writer.
// Tx and View carry typed functions per table (idempotency, inbox, outbox, sessions, transcript, runs, pairing, kv);
// no other package sees SQL.
//
// It does not own what the rows mean: sessions, lanes and runs belong to their actors, which find their work here
// again after a restart. Restart of the writer actor: nothing is rebuilt; the queue of operations lives outside of
// the actor, the batch in hand is finished by the goroutine that has it, and the next incarnation goes on.
package store
