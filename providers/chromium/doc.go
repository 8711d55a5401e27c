// Package chromium drives a Chromium with a profile of its own over DevTools: tabs, pages as text with references, clicks and
// keys, pictures, files up and down.
//
// Everything that the browser asks for goes through a proxy in this package, which connects to public addresses only, wherever a
// link, a redirect or a script leads: a page can reach neither the gateway nor anything else of this host or its network.
// It is spoken to over a pipe: no port is opened, and it ends with the process that has started it.
//
// A Browser takes one call at a time.
package chromium
