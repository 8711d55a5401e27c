// Package model is the contract of model APIs: what the agent asks one for, what comes back piece by piece, and what can go
// wrong. It imports nothing of this module.
//
// An API is one endpoint that speaks one vendor's format; a Factory makes it. The packages below it are the formats. They
// do one request and do it once: whether to try again, with which model, and what a conversation is, is the caller's.
// Whatever a vendor says is reduced to the types here, errors to *Error with a Kind that the caller can act on. A key is
// never part of an error.
//
// An API may be used from any goroutine. Stream calls emit from the goroutine that called it.
package model
