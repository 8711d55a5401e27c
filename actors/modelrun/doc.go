// Package modelrun is the agent's runner that asks models: it makes a conversation of a session's transcript, has a model
// answer it, runs the tools that the model calls, and goes on until there is an answer.
//
// It owns one turn: which model is asked next when one fails, how often the same is asked again, what becomes of a
// conversation that is too long, when a model goes round in circles, and which messages of the turn the transcript gets. It
// does not own models and keys (actors/models), nor what a tool may do (the turn's Tool), nor what may be spent (the turn's
// Meter). Nothing outlives Run: a runner value is shared by all runs.
//
// Everything happens on the goroutine that called Run, except that tools that a model calls at once run side by side. What
// a tool leaves running after its context ended is not waited for.
package modelrun
