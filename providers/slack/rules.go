package slack

import (
	"encoding/json"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Rules judge by the section (providers a.3), with one difference: only ids let anybody in. A channel or a person can take
// any name.
func Rules(config json.RawMessage) providers.Rules {
	c, err := ParseConfig(config)
	if err != nil {
		return func(providers.Incoming) providers.Ruling {
			return providers.Ruling{Refused: "the slack section of the configuration cannot be read", Mention: true}
		}
	}
	return rulesOf(c)
}

func rulesOf(c Config) providers.Rules {
	from := make([]string, 0, len(c.DM.AllowFrom))
	for _, id := range c.DM.AllowFrom {
		from = append(from, userID(string(id)))
	}
	groups := map[string]bool{}
	for _, id := range c.DM.GroupChannels {
		groups[channelID(string(id))] = true
	}
	channels := map[string]Channel{}
	for key, channel := range c.Channels {
		channels[channelID(key)] = channel
	}
	return func(m providers.Incoming) providers.Ruling {
		var r providers.Ruling
		chat := m.Chat
		if m.Command {
			chat, _, _ = splitSlash(m.Chat)
			r.Session = c.SlashCommand.SessionPrefix + ":" + m.Sender.ID
		}
		switch m.Kind {
		case providers.Direct:
			if r.From = from; c.DM.Enabled != nil && !*c.DM.Enabled {
				r.Refused = "direct messages are off (slack.dm.enabled)"
			}
		case providers.Group:
			switch {
			case !c.DM.GroupEnabled:
				r.Refused = "group messages are off (slack.dm.groupEnabled)"
			case len(groups) > 0 && !groups[chat] && !groups["*"]:
				r.Refused = "group not allowed (slack.dm.groupChannels)"
			}
		default:
			r.Refused, r.Mention = ofChannel(channels, chat)
		}
		return r
	}
}

// ofChannel is what the configuration says of a channel.
func ofChannel(channels map[string]Channel, id string) (refused string, mention bool) {
	rest, hasRest := channels["*"]
	rule, found := channels[id]
	if !found {
		rule, found = rest, hasRest
	}
	switch {
	case len(channels) > 0 && !found, rule.Allow != nil && !*rule.Allow:
		refused = "channel not allowed (slack.channels)"
	}
	switch {
	case rule.RequireMention != nil:
		mention = *rule.RequireMention
	case rest.RequireMention != nil:
		mention = *rest.RequireMention
	default:
		mention = true
	}
	return refused, mention
}

// A slash command's chat is one of its own, slash:<conversation>:<person>: an answer that has lost its way can only reach the
// person, never the channel.
const slashPrefix = "slash:"

func slashChat(channel, user string) string { return slashPrefix + channel + ":" + user }

func splitSlash(chat string) (channel, user string, ok bool) {
	rest, ok := strings.CutPrefix(chat, slashPrefix)
	if !ok {
		return "", "", false
	}
	channel, user, ok = strings.Cut(rest, ":")
	return channel, user, ok
}
