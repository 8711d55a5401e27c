// Package media is the one way in for bytes from outside: what a platform or an address hands over becomes a file of the
// state directory here, and nowhere else.
//
// It owns the directory it is given: files get a name of our own making, are readable by their owner only, are sniffed
// (what somebody calls them decides nothing) and never exceed their limit; a file that could not be finished is gone.
// Addresses are fetched through a dialer that judges the address dialled, so a name that resolves to an inner network
// reaches nothing, also by way of a redirect.
//
// It does not know what a message is. Providers get it as providers.Files. A process that is killed may leave files that
// end in ".part"; New removes them.
package media
