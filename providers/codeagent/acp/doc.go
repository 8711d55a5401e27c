// Package acp speaks the Agent Client Protocol to coding agents, through the protocol's Go library over their standard streams.
//
// It owns one turn per Run: the handshake, the agent's session (a new one, or one that goes on), the prompt, the updates that
// the agent streams, and the answers to what it asks for: permissions, and text files of the workspace. Updates are read with
// types of its own, which pass over what they do not know. An agent is offered no terminals and no servers of tools.
package acp
