package slack

import (
	"context"
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

// person is how somebody is called. Only the id decides anything.
type person struct{ id, name, username string }

// place is a conversation.
type place struct {
	id, name string
	kind     providers.ChatKind // "" = nobody knows
}

// title is how people call it.
func (c place) title() string {
	if c.kind == providers.Channel && c.name != "" {
		return "#" + c.name
	}
	return c.name
}

// person finds out a name. It never fails: who is not known is called by the id, and asked for again after a while.
func (p *Provider) person(ctx context.Context, id string) person {
	if who, ok := p.people.get(id, p.env.Now()); ok {
		return who
	}
	who := person{id: id, name: id}
	err := p.api.call(ctx, p.opt.lookup, "users.info", func(ctx context.Context, c *sdk.Client) error {
		u, err := c.GetUserInfoContext(ctx, id)
		if u == nil || err != nil {
			return err
		}
		who.username = u.Name
		for _, name := range []string{u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name} {
			if name = strings.TrimSpace(name); name != "" {
				who.name = name
				break
			}
		}
		return nil
	})
	switch {
	case err == nil:
		p.people.put(id, who, p.env.Now())
	case ctx.Err() == nil:
		// Kept only as long as half a minute: the cache's own hour would be long for an id as a name.
		p.people.put(id, who, p.env.Now().Add(-p.people.ttl+halfMinute))
		p.env.Log.Debug("slack name unknown", "account", p.env.Account, "user", id, "err", err)
	}
	return who
}

// place finds out what kind of conversation an id is and how it is called. kind is what an event says of it.
func (p *Provider) place(ctx context.Context, id, kind string) place {
	if c, ok := p.places.get(id, p.env.Now()); ok {
		return c
	}
	c := place{id: id, kind: kindOf(kind)}
	if c.kind == providers.Direct {
		return c // it has no name
	}
	err := p.api.call(ctx, p.opt.lookup, "conversations.info", func(ctx context.Context, cl *sdk.Client) error {
		info, err := cl.GetConversationInfoContext(ctx, &sdk.GetConversationInfoInput{ChannelID: id})
		if info == nil || err != nil {
			return err
		}
		c.name = info.Name
		switch {
		case info.IsIM:
			c.kind = providers.Direct
		case info.IsMpIM:
			c.kind = providers.Group
		default:
			c.kind = providers.Channel
		}
		return nil
	})
	switch {
	case err == nil:
		p.places.put(id, c, p.env.Now())
	case ctx.Err() == nil:
		if c.kind == "" && strings.HasPrefix(id, "D") {
			c.kind = providers.Direct
		}
		p.places.put(id, c, p.env.Now().Add(-p.places.ttl+halfMinute))
		p.env.Log.Debug("slack conversation unknown", "account", p.env.Account, "channel", id, "err", err)
	}
	if c.kind == "" {
		c.kind = providers.Channel // the strictest rules
	}
	return c
}

func kindOf(channelType string) providers.ChatKind {
	switch channelType {
	case "im":
		return providers.Direct
	case "mpim":
		return providers.Group
	case "channel", "group":
		return providers.Channel
	}
	return ""
}
