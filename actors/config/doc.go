// Package config owns the config document: reading JSON5, the typed Config with its defaults, every check on it,
// what the environment and the command line add, and the view of it that clients may see.
//
// The actor keeps the last good document, which is the running configuration, and reads the file anew for
// config.get: what is wrong with the file on disk is shown, and never takes the running configuration away.
//
// It does not own what a section means: the owner of a state reads its section. On a restart the actor begins with
// the document it was constructed with.
package config
