package providertest

import "context"

// Peer is a fake platform as an end-to-end test sees it: the gateway is a process of its own that reaches it through
// nothing but its configuration, and may be killed and started again meanwhile. Two people write: one directly, one in a
// group, where the message addresses us.
type Peer struct {
	Surface  string
	Config   map[string]any // the surface's config section; both chats may write to the agent
	Endpoint any            // of dev.endpoints.<surface>; nil where the section says where the platform is
	Env      []string       // of the gateway's process, "KEY=value"
	Direct   string         // the direct chat, as a Route has it
	Group    string         // the group

	// Scan has the account's owner scan the code that web.login.start answers, a PNG as a data URL, and returns when the
	// account is linked; nil where accounts are not linked so.
	Scan func(ctx context.Context, qrDataURL string) error

	// Say has the person of a chat write, with files if there are any, and returns the message's id at the platform. While
	// nobody is connected the message waits where the real platform keeps it.
	Say func(chat, text string, files ...File) (id string)
	// Again delivers a message once more; nil where that cannot happen.
	Again func(id string)
	// Acked says whether the platform was told that a message was taken; nil where it never is.
	Acked func(id string) bool
	// Replies is what has arrived in a chat, oldest first; WaitReplies waits until there are n.
	Replies     func(chat string) []Reply
	WaitReplies func(ctx context.Context, chat string, n int) error
	// Inject shows a fault of the harness; false where there is no such thing.
	Inject func(Fault) bool
	// Sockets is how many connections of the account are open now, and the most that ever were at once.
	Sockets func() (open, most int)
	// SenderIDs: the platform recognises a repeated send by an id of ours.
	SenderIDs bool
}

// File is an attachment as the platform has it.
type File struct {
	Name, MIME string
	Data       []byte
}

// Reply is a message that arrived at the platform.
type Reply struct {
	ID      string
	Text    string // as the platform would show it, markup and all
	ReplyTo string // id of the message that it quotes
	Files   []File
}
