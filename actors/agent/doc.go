// Package agent runs one agent turn per actor.
//
// It owns the Runner interface, the built-in runner, and the actor "run": it streams a turn's events, enforces the
// timeout and the abort, and ends the turn in one commit (run row, transcript, idempotency outcome, replies for the
// outbox) before anything of the end is published. A run that crashes is not restarted: its session's supervisor
// ends it with an error through the same End function.
//
// Sessions import it; it imports the event stream and the store.
package agent
