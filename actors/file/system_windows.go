package file

// Modes: who may read a file is in its access control list, which it has of the directory that it is in. A person's own
// directories are closed to others from the beginning.
const Modes = false

// SyncDir has nothing to do: NTFS keeps a journal of names, and a directory cannot be flushed.
func SyncDir(string) error { return nil }
