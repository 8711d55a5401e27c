// Package gemini speaks Google's Gemini API itself, over HTTP and server-sent events: the vendor's library costs the program
// 8 MB and the linker's pruning. See package model for the contract.
//
// The signatures that the API puts on calls and thoughts go back to it with the next request. Safety stops are refusals.
package gemini
