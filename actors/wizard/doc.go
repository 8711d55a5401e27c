// Package wizard owns the setup dialogue: the steps that lead a person from nothing to a working configuration, as
// data, so that a terminal, a page and an app ask the same questions (wizard.*, protocol 3.17).
//
// A Dialogue is a plain value: the actor "wizard" holds at most one that is under way and does what touches the config
// file off the actor; `clawdbot onboard` drives one by itself when no gateway runs.
//
// Nothing is written before the step "write" was agreed to. A restart of the actor forgets the dialogue; whoever was in it begins
// anew. What comes after that step, the service and the pairing, ends in no error: what is written stays.
package wizard
