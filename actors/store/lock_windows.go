package store

// infoPath is the file that says who holds a lock. What is locked on Windows can neither be read nor written through another
// handle, so it is a file of its own, beside the lock.
func infoPath(lock string) string { return lock + ".holder" }
