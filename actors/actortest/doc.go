// Package actortest is for tests of actors, here and in programs that embed the gateway: faults on
// messages, probes that record messages, and the leak check.
//
// Faults is an actors.Interceptor made of rules. A rule says which messages it means, which
// of those it hits, and what happens to them:
//
//	f := actortest.NewFaults(seed)
//	f.On(actortest.Path("gateway/sessions/*"), actortest.Message[session.Run]()).Nth(3).Crash()
//	f.On(actortest.Kind("outbox")).Every(5).Times(2).Delay(time.Second)
//	sys := actors.NewSystem(actors.SystemOptions{Intercept: f})
//
// Crash and CrashAfter act where the message is handled; Delay, Drop, Duplicate and Reorder where
// it is told. Results of Pipe and timers can crash an actor but are never lost or late, and a watch
// always arrives: without them no actor could keep its own promises. Nothing blocks: late
// messages are delivered by timers, so a synctest bubble works.
package actortest
