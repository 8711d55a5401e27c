// Package config owns the config document: reading JSON5, the typed Config with its defaults, every check on it,
// what the environment and the command line add, the view of it that clients may see, its schema, and the changes
// that clients make, which are worked into the text so that comments and layout survive.
//
// The actor keeps the last good document, which is the running configuration, and watches the file. A change is read,
// judged and handed to the root, which takes it over as a whole or not at all; what is wrong with the file on disk is
// shown, and never takes the running configuration away. The last good texts are kept as generations to go back to.
//
// It does not own what a section means: the owner of a state reads its section. On a restart the running
// configuration stays; the watch begins anew, and a look at the file finds what changed meanwhile.
package config
