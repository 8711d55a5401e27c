// Package imsgfake is `imsg rpc`, and the Messages app with its database behind it, for tests. As a program (Child) it is what
// a provider starts: it passes lines between its standard streams and the platform in the test's process, where the database
// survives the child's end and the gateway's. The platform does one thing after another, as the real one does, and shows
// faults when told to.
//
// It owns messages with their ROWIDs and what was sent. It knows nothing of the gateway. Only tests import it.
package imsgfake
