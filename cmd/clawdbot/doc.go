// Command clawdbot is the gateway and its command line.
//
// "clawdbot gateway" runs the gateway in the foreground. Every other command is a client: it talks to a running
// gateway over its WebSocket and touches no file of the gateway's but the config file, for address and credentials.
//
// What belongs to a process and to nothing inside it is here: flags, signals, exit codes, log output, the memory
// limit, and which providers are linked.
//
// Exit codes: 0 done, 1 it did not work, 2 wrong usage, 78 the config file is invalid.
package main
