package discord

import (
	"encoding/json"

	"github.com/bwmarrin/discordgo"
)

// The events that are acted on. Of the large ones only what is used is kept.
type (
	// ready is the beginning of a new session.
	ready struct{}

	// guildEvent is a server as it is described after a login, or its changed name.
	guildEvent struct {
		ID       string         `json:"id"`
		Name     string         `json:"name"`
		Channels []channelEvent `json:"channels"`
		Threads  []channelEvent `json:"threads"`
		Members  []memberEvent  `json:"members"`
		Roles    []struct {
			ID   string `json:"id"`
			Tags struct {
				Bot string `json:"bot_id"`
			} `json:"tags"`
		} `json:"roles"`
	}

	// channelEvent is a channel or a thread.
	channelEvent struct {
		ID         string                `json:"id"`
		GuildID    string                `json:"guild_id"`
		Name       string                `json:"name"`
		Type       discordgo.ChannelType `json:"type"`
		ParentID   string                `json:"parent_id"`
		Last       string                `json:"last_message_id"`
		Recipients []*discordgo.User     `json:"recipients"`
	}

	roomGone struct {
		ID string `json:"id"`
	}

	// memberEvent is a person in a server. Only our own roles are of interest.
	memberEvent struct {
		GuildID string   `json:"guild_id"`
		Roles   []string `json:"roles"`
		User    struct {
			ID string `json:"id"`
		} `json:"user"`
	}

	// messageEvent is a message, from the gateway or fetched.
	messageEvent struct {
		*discordgo.Message
		nonce  string
		replay bool // a resume repeats it
	}

	reactionEvent struct {
		UserID    string            `json:"user_id"`
		ChannelID string            `json:"channel_id"`
		MessageID string            `json:"message_id"`
		GuildID   string            `json:"guild_id"`
		Author    string            `json:"message_author_id"`
		Emoji     discordgo.Emoji   `json:"emoji"`
		Member    *discordgo.Member `json:"member"`
		Removed   bool              `json:"-"`
	}
)

// UnmarshalJSON reads the nonce too, which the library's type does not have.
func (m *messageEvent) UnmarshalJSON(b []byte) error {
	m.Message = &discordgo.Message{}
	if err := json.Unmarshal(b, m.Message); err != nil {
		return err
	}
	var extra struct {
		Nonce any `json:"nonce"` // a string or a number
	}
	if err := json.Unmarshal(b, &extra); err != nil {
		return err
	}
	m.nonce, _ = extra.Nonce.(string)
	return nil
}

// decode reads an event; nil for one that nobody asked for.
func decode(kind string, data json.RawMessage) (any, error) {
	var what any
	switch kind {
	case "GUILD_CREATE", "GUILD_UPDATE":
		what = &guildEvent{}
	case "CHANNEL_CREATE", "CHANNEL_UPDATE", "THREAD_CREATE", "THREAD_UPDATE":
		what = &channelEvent{}
	case "CHANNEL_DELETE", "THREAD_DELETE":
		what = &roomGone{}
	case "GUILD_MEMBER_UPDATE":
		what = &memberEvent{}
	case "MESSAGE_CREATE":
		what = &messageEvent{}
	case "MESSAGE_REACTION_ADD":
		what = &reactionEvent{}
	case "MESSAGE_REACTION_REMOVE":
		what = &reactionEvent{Removed: true}
	case "INTERACTION_CREATE":
		what = &interaction{}
	default:
		return nil, nil
	}
	if err := json.Unmarshal(data, what); err != nil {
		return nil, err
	}
	return what, nil
}
