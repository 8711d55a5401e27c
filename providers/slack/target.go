package slack

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	sdk "github.com/slack-go/slack"
)

var (
	userPattern    = regexp.MustCompile(`^[UW][A-Z0-9]{8,}$`)
	channelPattern = regexp.MustCompile(`^[CGD][A-Z0-9]{8,}$`)
	stampPattern   = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{1,9}$`)
	mentioned      = regexp.MustCompile(`^<@([A-Za-z0-9]+)(?:\|[^>]*)?>$`)
	channelLink    = regexp.MustCompile(`^<#([A-Za-z0-9]+)(?:\|[^>]*)?>$`)
)

// An id has a digit in it; most names that look like one have none.
func isUser(s string) bool { return userPattern.MatchString(s) && strings.ContainsAny(s, "0123456789") }
func isChannel(s string) bool {
	return channelPattern.MatchString(s) && strings.ContainsAny(s, "0123456789")
}

// userID is the id in a person's address: U1, slack:U1, user:U1, @U1, <@U1>. What is none stays as it is.
func userID(s string) string {
	s = strings.TrimSpace(s)
	if m := mentioned.FindStringSubmatch(s); m != nil {
		return strings.ToUpper(m[1])
	}
	lower := strings.ToLower(s)
	for _, prefix := range []string{"slack:", "user:", "@"} {
		if strings.HasPrefix(lower, prefix) {
			s, lower = s[len(prefix):], lower[len(prefix):]
		}
	}
	if up := strings.ToUpper(s); isUser(up) {
		return up
	}
	return s
}

// channelID is the id in a channel's address: C1, channel:C1, group:C1, #C1, <#C1|name>. What is none stays as it is.
func channelID(s string) string {
	s = strings.TrimSpace(s)
	if m := channelLink.FindStringSubmatch(s); m != nil {
		return strings.ToUpper(m[1])
	}
	lower := strings.ToLower(s)
	for _, prefix := range []string{"slack:", "channel:", "group:", "#"} {
		if strings.HasPrefix(lower, prefix) {
			s, lower = s[len(prefix):], lower[len(prefix):]
		}
	}
	if up := strings.ToUpper(s); isChannel(up) {
		return up
	}
	return s
}

// conversation finds the id of the conversation that an address names. A person's is opened.
func (p *Provider) conversation(ctx context.Context, to string) (string, error) {
	if id := channelID(to); isChannel(id) {
		return id, nil
	}
	user := userID(to)
	if !isUser(user) {
		return "", fmt.Errorf("%q is no Slack conversation: give a channel id such as C0123456789, or user:U0123456789 for a person", to)
	}
	if id, ok := p.dms.get(user, p.env.Now()); ok {
		return id, nil
	}
	var id string
	err := p.api.call(ctx, p.opt.call, "conversations.open", func(ctx context.Context, c *sdk.Client) error {
		channel, _, _, err := c.OpenConversationContext(ctx, &sdk.OpenConversationParameters{Users: []string{user}})
		if channel != nil {
			id = channel.ID
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fmt.Errorf("slack conversations.open: no conversation with %s in the answer", user)
	}
	p.dms.put(user, id, p.env.Now())
	return id, nil
}
