// Package devtools drives a Chromium over DevTools, by a library: the agent's browser (Start) with tabs, pages as text with references,
// clicks and keys, pictures, files up and down; and the one page of a computer's canvas (StartPage). See package chromium for the contract.
//
// Everything that the agent's browser asks for goes through a proxy in this package, which connects to public addresses only, wherever a
// link, a redirect or a script leads: a page can reach neither the gateway nor anything else of this host or its network.
// A browser is spoken to over a pipe: no port is opened, and it ends with the process that has started it.
package devtools
