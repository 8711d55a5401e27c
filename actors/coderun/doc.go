// Package coderun is the agent's runner whose turns are done by coding agents: programs that are started for a turn, work by
// themselves, and end with it.
//
// It owns what a turn of such a program is here: what it is told of the conversation before, how its text, thoughts, tools and
// plans become events and lines of the transcript, and that two turns of one session never have their processes at the same
// time (State). The protocols are providers/codeagent/...; which programs there are, what they may do and who may have them work
// is the root's (Runner.Find).
//
// Everything that is heard of a program happens on the goroutine that called Run. What is left of a program that is being ended
// is waited for by a goroutine of its own.
package coderun
