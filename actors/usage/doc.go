// Package usage counts what the runs of each trigger take of models, and says when a limit is reached.
//
// It is no actor: the counts are rows of the store, whose one writer adds to them. A request is counted when it ends, before the
// next one is made, so that what a run has taken is known when the process dies in the middle of it.
package usage
