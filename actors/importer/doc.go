// Package importer brings the state directory of the gateway that ran here before into the store, once: session
// entries, transcripts, scheduled jobs and the logs of their runs, paired nodes. It reads files and never changes them.
//
// Begin is the first part, before the gateway takes work: everything that decides what new work means (entries, jobs,
// nodes). Transcripts and logs follow behind live work, in chunks that share the store's commits: the actor "import".
// Each chunk notes in its own commit how far it got, so a crash repeats and loses nothing. Imported rows are older than
// what live work adds, whenever they come in; Wait brings a session's transcript to the front for who needs it whole.
//
// It does not own what it brings: what is in the store already stays as it is. Restart of the actor: the plan, with how
// far each file got, is read from the store again.
package importer
