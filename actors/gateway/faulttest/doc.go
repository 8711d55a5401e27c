// Package faulttest is for its tests: the fault matrix. For each kind of actor and each fault of actors/actortest it runs
// a whole gateway in this process, with clients and a Telegram bot on a fake platform, injects the fault while they talk,
// and checks what each of them saw and what the store holds afterwards.
//
// traffic is what they say, faults what is injected, checks what must hold, report the table in docs/faults.md. That table
// is made by the test, which fails when the committed one differs:
//
//	go test ./actors/gateway/faulttest -update
//
// FAULT_SEED fixes which messages are hit.
package faulttest
