//go:build unix

package store

// infoPath is the file that says who holds a lock: the lock file itself, because a lock keeps nobody from reading it.
func infoPath(lock string) string { return lock }
