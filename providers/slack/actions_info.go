package slack

import (
	"context"
	"strings"

	sdk "github.com/slack-go/slack"
)

func (p *Provider) doPermissions(ctx context.Context, _ orders) (any, error) {
	scopes := []string{}
	err := p.api.call(ctx, p.opt.call, "auth.test", func(ctx context.Context, c *sdk.Client) error {
		me, err := c.AuthTestContext(ctx)
		if me != nil {
			for s := range strings.SplitSeq(me.Header.Get("X-Oauth-Scopes"), ",") {
				if s = strings.TrimSpace(s); s != "" {
					scopes = append(scopes, s)
				}
			}
		}
		return err
	})
	return map[string]any{"ok": true, "scopes": scopes}, err
}

func (p *Provider) doMember(ctx context.Context, o orders) (any, error) {
	var member map[string]any
	err := p.api.call(ctx, p.opt.call, "users.info", func(ctx context.Context, c *sdk.Client) error {
		u, err := c.GetUserInfoContext(ctx, userID(o.User))
		if u != nil {
			member = map[string]any{
				"id": u.ID, "name": u.Name, "realName": u.RealName, "displayName": u.Profile.DisplayName, "title": u.Profile.Title,
				"bot": u.IsBot, "deleted": u.Deleted, "timeZone": u.TZ,
			}
		}
		return err
	})
	return map[string]any{"ok": true, "member": member}, err
}

func (p *Provider) doChannel(ctx context.Context, o orders) (any, error) {
	var channel map[string]any
	err := p.api.call(ctx, p.opt.call, "conversations.info", func(ctx context.Context, c *sdk.Client) error {
		info, err := c.GetConversationInfoContext(ctx, &sdk.GetConversationInfoInput{ChannelID: o.Channel, IncludeNumMembers: true})
		if info != nil {
			channel = map[string]any{
				"id": info.ID, "name": info.Name, "topic": info.Topic.Value, "purpose": info.Purpose.Value,
				"private": info.IsPrivate, "archived": info.IsArchived, "members": info.NumMembers,
			}
		}
		return err
	})
	return map[string]any{"ok": true, "channel": channel}, err
}

func (p *Provider) doEmoji(ctx context.Context, _ orders) (any, error) {
	var emoji map[string]string
	err := p.api.call(ctx, p.opt.call, "emoji.list", func(ctx context.Context, c *sdk.Client) (err error) {
		emoji, err = c.GetEmojiContext(ctx)
		return err
	})
	return map[string]any{"ok": true, "emoji": emoji}, err
}
