//go:build race

package hooks

// long is how many rounds of a loop inside the engine take a second or so.
const long = 300_000
