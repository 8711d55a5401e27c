// Package models owns the list of models that can be chosen: those that the configuration names, and those in the agent's
// own models.json. It makes up none. What the configuration says is asked for each time, and the file is read again when
// it has changed, so that either shows at once.
//
// The Registry finds what can be asked, and keeps requests from a provider that fails again and again (its circuit), for all who ask.
//
// The Catalog may be read from any goroutine and never waits; the actor "models" answers models.list and is what looks at
// the file. A restart looks once more.
package models
