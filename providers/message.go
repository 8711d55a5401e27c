package providers

import "time"

// ChatKind tells a direct chat from a shared one.
type ChatKind string

// Kinds of chat.
const (
	Direct  ChatKind = "direct"
	Group   ChatKind = "group"
	Channel ChatKind = "channel"
)

// Incoming is one inbound message. (Account, Chat, ID) is its identity: the same triple again is a duplicate.
type Incoming struct {
	ID        string   `json:"id"`
	Chat      string   `json:"chat"` // immutable platform id of the chat: the reply goes there
	Thread    string   `json:"thread,omitempty"`
	Kind      ChatKind `json:"kind"`
	Title     string   `json:"title,omitempty"` // group subject
	Sender    Sender   `json:"sender"`
	Text      string   `json:"text"`                // text or caption, or a "<media:image>" placeholder
	Mentioned bool     `json:"mentioned,omitempty"` // this bot was addressed: by mention or by a reply to it
	// HasMentions: the text mentions somebody. The command bypass applies only without any mention.
	HasMentions bool      `json:"hasMentions,omitempty"`
	ReplyTo     *Quoted   `json:"replyTo,omitempty"`
	Forwarded   *Quoted   `json:"forwarded,omitempty"` // the text is somebody else's, who is named here
	Media       []Media   `json:"media,omitempty"`
	Time        time.Time `json:"time"`
	// Space and Room are where a shared chat stands: a guild or workspace, the channel's name without "#".
	Space string `json:"space,omitempty"`
	Room  string `json:"room,omitempty"`
	// SpaceID and RoomID are the immutable ids behind Space and Room, where they are not the chat's: a renamed guild stays
	// what it was, and a thread that is a chat of its own says which room it hangs from.
	SpaceID string   `json:"spaceId,omitempty"`
	RoomID  string   `json:"roomId,omitempty"`
	Members []string `json:"members,omitempty"` // names of who is in a group, where the platform tells
	// Owner: the account's own person wrote it from another device. The owner needs no allowlist.
	Owner bool `json:"owner,omitempty"`
	// Late: it came while nobody was connected and was fetched afterwards.
	Late bool `json:"late,omitempty"`
	// Note: not a message but something that happened in the chat (a reaction, somebody joined). Text is one line that
	// the agent is told with its next turn; nobody is answered.
	Note bool `json:"note,omitempty"`
	// Command: a slash command of the platform. It needs no mention; its session is that of its sender, and the answer
	// goes to the sender alone where the platform can.
	Command bool `json:"command,omitempty"`
}

// Sender is who wrote a message. Only ID decides anything: the rest can be changed by its owner.
type Sender struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	Username string `json:"username,omitempty"`
}

// Quoted is the message that an inbound one replies to.
type Quoted struct {
	ID     string `json:"id"`
	Sender string `json:"sender,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Media is one attachment, already fetched into the state directory.
type Media struct {
	Path string `json:"path,omitempty"`
	MIME string `json:"mime,omitempty"`
	Name string `json:"name,omitempty"`
	Size int64  `json:"size,omitempty"`
}

// Route says where an answer goes. It is minted by the inbound message and never changes.
type Route struct {
	Account string   `json:"account"`
	Surface string   `json:"surface"`
	Chat    string   `json:"chat"`
	Thread  string   `json:"thread,omitempty"`
	ReplyTo string   `json:"replyTo,omitempty"` // platform id of the message answered
	Kind    ChatKind `json:"kind,omitempty"`
}

// Outgoing is one message to deliver, short enough for Capabilities.MaxText.
type Outgoing struct {
	Key     string `json:"key"` // unique and the same at every attempt: the nonce where the platform takes one
	Route   Route  `json:"route"`
	Text    string `json:"text"`
	Media   *Media `json:"media,omitempty"`
	Part    int    `json:"part,omitempty"` // of one answer, from 0: a reply mode "first" quotes with part 0 alone
	Attempt int    `json:"-"`              // from 1
}
