// Package faults shows how a program that embeds the gateway tests what becomes of it when parts of it fail: its tests
// run a whole gateway, crash an actor of it in the middle of an answer, and look at it with two clients.
//
// The faults enter through Options.Intercept and are made with actors/actortest. Nothing else of the gateway is
// prepared for them.
package faults
