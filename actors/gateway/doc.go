// Package gateway is the root of the supervision tree and the API for embedding a gateway in another program.
//
// It wires all the others together and owns nothing else: the listener and the HTTP server, the order of start and
// stop, and the decision that a process which lost a vital part ends with an error. It is the one package that may
// import every other, and the only place where the answer to "who talks to whom" is written as code (tree.go).
//
// Options, New, Run and the methods of Gateway are a public API, together with agent.Runner and the packages providers,
// providertest, actortest, wire and client. Everything else may change.
package gateway
