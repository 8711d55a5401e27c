// Package doctor finds out what is wrong with an installation and what to do about it: settings, files, ports, programs,
// the platforms' addresses, and what a running gateway says of itself. It also audits what others could do to it.
//
// It is no actor and keeps nothing. It changes nothing but what Repair is told to, and asks the network for nothing but the
// platforms that are configured.
package doctor
