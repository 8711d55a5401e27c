package slack

import (
	"context"
	"strconv"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

const halfMinute = 30 * time.Second

// convert makes the gateway's message of the platform's.
func (p *Provider) convert(ctx context.Context, e event) providers.Incoming {
	c, who, me := p.place(ctx, e.Channel.ID, e.ChannelType), p.person(ctx, e.User.ID), p.self()
	in := providers.Incoming{
		ID: e.TS, Chat: e.Channel.ID, Thread: thread(e), Kind: c.kind, Title: c.title(),
		Sender:      providers.Sender{ID: e.User.ID, Name: who.name, Username: who.username},
		Text:        plain(e.Text),
		Mentioned:   e.Type == "app_mention" || names(e.Text, me.user),
		HasMentions: strings.Contains(e.Text, "<@"),
		Time:        timeOf(e.TS),
	}
	if c.kind == providers.Channel {
		in.Room = c.name
	}
	if in.Text == "" && len(e.Files) > 0 {
		in.Text = placeholder(e.Files[0])
	}
	in.Media = p.fetch(ctx, e.Files)
	if in.Thread != "" {
		in.ReplyTo = p.root(ctx, e.Channel.ID, in.Thread)
	}
	return in
}

func placeholder(f file) string {
	if f.Name == "" {
		return "[Slack file]"
	}
	return "[Slack file: " + f.Name + "]"
}

// plain undoes the three escapes of Slack's text. Links and mentions stay as Slack writes them.
func plain(text string) string {
	return strings.TrimSpace(unescape.Replace(strings.ToValidUTF8(text, "\uFFFD")))
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// names reports whether a text as Slack writes it mentions a person.
func names(text, user string) bool {
	return user != "" && (strings.Contains(text, "<@"+user+">") || strings.Contains(text, "<@"+user+"|"))
}

// timeOf is the time in a timestamp.
func timeOf(ts string) time.Time {
	seconds, micros, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	us, err := strconv.ParseInt((micros + "000000")[:6], 10, 64)
	if err != nil {
		us = 0
	}
	return time.Unix(s, us*1000).UTC()
}

// stampOf is timeOf the other way.
func stampOf(t time.Time) string {
	us := t.UnixMicro()
	micros := strconv.FormatInt(us%1e6, 10)
	return strconv.FormatInt(us/1e6, 10) + "." + strings.Repeat("0", 6-len(micros)) + micros
}

// newer compares two timestamps by their time.
func newer(a, b string) bool { return timeOf(a).After(timeOf(b)) }

// root is the first message of a thread, nil when it cannot be had.
func (p *Provider) root(ctx context.Context, channel, ts string) *providers.Quoted {
	key := channel + ":" + ts
	if q, ok := p.roots.get(key, p.env.Now()); ok {
		return q
	}
	var q *providers.Quoted
	author := ""
	err := p.api.call(ctx, p.opt.lookup, "conversations.replies", func(ctx context.Context, c *sdk.Client) error {
		list, _, _, err := c.GetConversationRepliesContext(ctx, &sdk.GetConversationRepliesParameters{ChannelID: channel, Timestamp: ts, Limit: 1, Inclusive: true})
		if err != nil || len(list) == 0 || list[0].Timestamp != ts {
			return err
		}
		e := ofHistory(list[0], channel)
		q = &providers.Quoted{ID: ts, Text: plain(e.Text)}
		author = e.User.ID
		if q.Text == "" && len(e.Files) > 0 {
			q.Text = placeholder(e.Files[0])
		}
		return nil
	})
	if err != nil {
		if ctx.Err() == nil {
			p.roots.put(key, nil, p.env.Now().Add(-p.roots.ttl+halfMinute))
			p.env.Log.Debug("slack thread without its first message", "account", p.env.Account, "err", err)
		}
		return nil
	}
	if me := p.self(); q != nil && author == me.user {
		q.Sender = me.name
	} else if q != nil && author != "" {
		q.Sender = p.person(ctx, author).name
	}
	p.roots.put(key, q, p.env.Now())
	return q
}
