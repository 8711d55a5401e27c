package providers

// Rules judge an inbound message by the account's configuration alone: pure, quick, for concurrent use. What the person
// is to the gateway (paired, the owner) and what a session says of its activation is the router's to know.
type Rules func(m Incoming) Ruling

// Ruling is what the configuration says of one message.
type Ruling struct {
	// Refused says why nobody in this chat is answered ("channel not allowed", "direct messages are off"); "" = may be.
	Refused string
	// From lists who may write to the agent here, in the form of Sender.ID, or "*". Empty: everybody in a shared chat;
	// in a direct one nobody, and strangers get a pairing code.
	From []string
	// Mention: in a shared chat the message must be addressed to us.
	Mention bool
	// Patterns: the mention patterns of routing.groupChat count as addressing us here.
	Patterns bool
	// History is how many unanswered messages of the chat the agent is shown with the next one; 0 = the general setting,
	// negative = none.
	History int
	// Session replaces the session's key; "" = by kind and chat.
	Session string
}
