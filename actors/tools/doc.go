// Package tools has the tools of the agent that are more than one method: canvas and nodes. Each takes an action and its
// parameters, finds the device that is meant, and goes through the method table like any client; so do they for the command
// line.
//
// It is no actor and keeps nothing.
package tools
