// Package browser has the actor that owns the agent's browsers: one for each profile that is in use, started when something is to
// be done with it and closed when nothing was for a while.
//
// What is done with a browser is a function that the sender brings; those of one profile are carried out one after another, off the
// actor, by the keeper of that browser. When the actor ends, so do the keepers, and with them the browsers. Nothing is kept: a
// profile's pages are gone with its browser, its cookies are in its directory.
package browser
