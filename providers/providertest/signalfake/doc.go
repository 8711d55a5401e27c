// Package signalfake is a signal-cli HTTP daemon, and the Signal network behind it, for tests: it speaks the daemon's JSON-RPC
// and its event stream on loopback, keeps events while nobody listens as the daemon does, and shows the faults of daemon and
// network when told to.
//
// It owns an account, the events and the messages that were sent. It knows nothing of the gateway. As a program (Child) it is
// the signal-cli that a provider starts: argv as the real one has it, the platform in the test's process, where it survives
// the child's end. Only tests import it.
package signalfake
