// Package browse has the tool browser: pages in a Chromium with a profile of the agent's own, read as text with references, and used
// by those.
//
// It is no actor and keeps nothing: actors/browser has the browsers.
package browse
