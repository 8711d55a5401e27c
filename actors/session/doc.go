// Package session turns accepted messages into agent runs, one at a time per session key.
//
// Its supervisor "sessions" owns what spans sessions: the table of runs in progress and the slots they share, the
// callers that wait for a run's end, recovery after a crash. Under it hang one actor per session key ("session": the
// order of that key's runs) and one per run (actors/agent). Everything accepted is a row in the store before it is
// acknowledged; messages between these actors only say that there is work, so a lost one costs time, not work: a
// sweep finds what nobody is working on, and what is to stop and was not told.
//
// It owns the queue modes: what becomes of a message that finds its session busy (Enqueue), and what of those that wait
// begins next and with whom. The mode and the pause are frozen in the run's row; everything else is decided from the rows.
//
// After a crash of a session it reloads its queue from the store while its run goes on. After a crash of the
// supervisor, or of the process, runs that had started end with an error, once, and runs that had not start.
//
// It serves chat.*, sessions.*, agent and agent.wait. What sessions.delete and sessions.compact take away is written as
// a file first. It imports the run, the event stream and the store.
package session
