// Package anthropic speaks Anthropic's Messages API. See package model for the contract.
//
// The system prompt, with the tools in front of it, and the conversation are marked for the prompt cache. What a model thinks goes
// back with its signature: the API insists on that while tools are in use.
package anthropic
