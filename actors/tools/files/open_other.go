//go:build !unix

package files

// nonBlocking: there are no pipes in directories here.
const nonBlocking = 0
