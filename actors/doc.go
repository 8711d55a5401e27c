// Package actors is the runtime of the gateway: typed actors with bounded
// mailboxes, supervision, watches, timers and an inspector. It is a layer over
// protoactor-go and the only package that imports it.
//
// It owns names, mailboxes, restarts and the promises below. It does not own any
// state of the gateway, and does no I/O.
//
// # Order
//
//   - Messages one goroutine tells one actor are handled in the order of the Tells.
//     Nothing is promised between two senders.
//   - One message at a time: Start, Receive and Stop of one actor never overlap, and no
//     handler runs on another actor's goroutine. Consecutive messages may run on
//     different goroutines.
//   - A message that fails an actor is lost. Those queued behind it wait through the
//     restart, in order, and go to the next incarnation.
//   - A coalesced message keeps the place of the one it replaces.
//   - Results of Pipe, timers and watches belong to one incarnation. They are never
//     seen by the next.
//
// # Back-pressure
//
//   - Tell never blocks. A mailbox is bounded by messages and by bytes; when it is full
//     the actor's overflow policy decides: ErrFull to the sender (Refuse), the end of the actor
//     (StopActor), or a counted loss (DropNewest).
//   - A message with a CoalesceKey is a wake-up: it is always accepted, and there is at
//     most one of each key in the queue. Keys must therefore be few.
//   - What an actor sends itself through Pipe, After and Watch is always accepted: it is
//     bounded by what the actor started, and a lost timer would stall it.
//   - A Tell that returned nil is answered: its Reply is sent by the actor, or failed by the
//     runtime when the message is discarded (ErrStopped, ErrFull, ErrReplaced) or when the
//     incarnation that took it ends first (ErrCrashed, ErrStopped).
//
// # Life
//
// Spawn, Start, messages. A failure (a panic, or an error from Start or Receive) ends the
// incarnation at once: Ctx is cancelled, open Replies fail, Stop runs, children are stopped and
// awaited; after the backoff a new incarnation starts with the same mailbox. A stop does the
// same and then frees the name, closes Done and tells the watchers.
// A restart rebuilds nothing by itself: Start loads what the actor needs.
package actors
