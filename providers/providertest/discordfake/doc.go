// Package discordfake is a Discord server for tests: REST (versions 9 and 10), the gateway's WebSocket and the CDN on one
// loopback address.
//
// It keeps guilds, channels, messages, sessions with their events, and what was posted. A session outlives its socket, as
// on the real platform, so that a resume gets what it missed; a new one must look into the channels by itself. It can be
// told to fail in each way that the contract suite knows.
//
// What it does not do: compression (a client that asks for it is closed with 4002), shards, voice.
package discordfake
