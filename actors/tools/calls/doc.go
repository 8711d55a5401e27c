// Package calls has the tools of the agent that are calls of the gateway's own methods: conversations, the schedule, the
// gateway itself, and what the messaging surfaces have besides writing. They go through the method table like any client.
//
// It is no actor. All that it keeps is how often one turn has written to another conversation.
package calls
