// Package discord is the Discord surface: the gateway's WebSocket in, REST out.
//
// It owns one bot's connection, the place up to which its events were taken, and what it knows of names of guilds and
// channels. It does not own sessions, pairing, the outbox or what was received.
//
// discordgo makes the REST requests and knows the platform's types; the WebSocket is this package's own. The library's
// Session.Open cannot be stopped within a second (its Close sleeps that long with the lock held), has no deadline while
// it waits for the server's first words, dies of a heartbeat request that comes while it closes, logs in again at once
// after "invalid session", and notices a dead link after five intervals. A Session is therefore made for each request,
// with retries off: no call sleeps for a rate limit, and each has a context.
//
// Goroutines of a Run: one reads frames and never waits for anything else, one sends heartbeats and watches their
// acknowledgements, one takes events from a bounded queue, one after the other in the platform's order. Send, Typing,
// Probe and Perform may be called at any time from any goroutine.
//
// Discord knows no acknowledgement of a message. What is told to the platform, in heartbeats and at a resume, is the
// sequence number of the last event that was taken, not of the last that came; so a resumed session repeats whatever was
// still in the queue. When a session cannot be resumed, messages are fetched by channel, from the last one taken.
package discord
