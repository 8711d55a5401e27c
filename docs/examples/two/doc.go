// Package two shows that gateways are values: its test runs two of them in one process, with different surfaces, agents
// and state, and stops them one after the other.
package two
