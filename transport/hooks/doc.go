// Package hooks is the HTTP entrance for other programs (protocol 8.2 to 8.4): a call becomes a line for the agent's next
// turn, or a run of the agent.
//
// It owns how a call is judged (token, method, size, JSON), what it asks for (its fields, or a mapping's templates and
// transform), and how it is answered. It does not own what follows: Options.Wake and Options.Agent do that, and return
// when it cannot be lost any more. It does not limit who may connect either; that is decided before.
//
// A transform is a JavaScript module of the operator. It sees the call and nothing else: no files, no network, no clock to
// wait for. Time and memory are limited, and one that does not stop is not started again.
//
// Nothing here outlives a request but the transforms that are stuck, so a restart rebuilds nothing.
package hooks
