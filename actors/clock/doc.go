// Package clock is the actor that notices when time did not pass as it should have: the machine has slept, the process was
// stopped, or somebody set the clock. Connections may then be dead without a sign of it, and what was planned for a time of day may
// be planned wrongly; Options.Jumped is told, and has whoever it concerns look at once.
//
// A tick compares the wall clock with the monotonic one, which does not go on while the machine sleeps and is never set. The
// actor also tells a service manager that the others are well, for as long as they are. It keeps nothing.
package clock
