// Package command reads what people write to the gateway rather than to the agent: directives such as "/think high"
// anywhere in a text, commands such as "/activation always", stop words, and the values that both take.
//
// It owns the words and their meaning. It does not own what they change (the session's entry, see actors/session and
// actors/router) nor who may use them. Everything here is a pure function of its arguments; there is nothing to restart.
package command
