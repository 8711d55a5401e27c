// Package tools has the table of what an agent can do: Tool, the sources that tools come from, and the policy that every call
// passes. It also has the tools canvas and nodes: each takes an action and its parameters, finds the device that is meant, and
// goes through the method table like any client; so do they for the command line.
//
// It is no actor and keeps nothing. The gateway joins the sources (actors/gateway/toolbox.go).
package tools
