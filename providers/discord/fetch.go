package discord

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"
)

const (
	fetchPage   = 100 // the platform gives no more at a time
	fetchDirect = 50  // direct channels that are looked into after a downtime
	openDirect  = 20  // people whose direct channel is opened to look into it
	lateAfter   = 30 * time.Second
)

// fetchDirect looks for what came in direct chats while no session was alive. The platform does not list these chats:
// they are the ones that were met before, and those of the people who are allowed to write.
func (t *taker) fetchDirect(ctx context.Context) error {
	people := entries(t.p.cfg.DM.AllowFrom)
	for i, user := range people {
		if i >= openDirect {
			break
		}
		if !isID(user) || t.place.opening(user) != "" {
			continue
		}
		channel, err := t.p.openDM(ctx, user)
		if s := status(err); s >= 400 && s < 500 && s != http.StatusUnauthorized && s != http.StatusTooManyRequests {
			t.p.env.Log.Debug("discord: no direct chat with an allowed person", "account", t.p.env.Account, "user", user, "err", err)
			continue
		}
		if err != nil {
			return err
		}
		t.place.opened(user, channel)
	}
	for _, channel := range t.place.direct(fetchDirect) {
		if err := t.fetch(ctx, channel); err != nil {
			return err
		}
	}
	return nil
}

// fetchGuild looks into the channels of a guild that have something newer than what was taken.
func (t *taker) fetchGuild(ctx context.Context, g *guildEvent) error {
	for _, c := range append(slices.Clone(g.Channels), g.Threads...) {
		c.GuildID = g.ID
		after, _ := t.place.after(c.ID)
		if !readable(c.Type) || c.Last == "" || !newer(c.Last, after) || t.p.cfg.judge(roomOf(c)).Refused != "" {
			continue
		}
		if err := t.fetch(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// fetch hands over what a channel has after the last message taken: as many as there are, within the limits of age and
// number, until the platform has no more.
func (t *taker) fetch(ctx context.Context, channel string) error {
	after, _ := t.place.after(channel)
	if oldest := snowflake(t.p.env.Now().Add(-t.p.opt.fetchAge)); newer(oldest, after) {
		after = oldest
	}
	for n := 0; n < t.p.opt.fetchMax; {
		var page []*messageEvent
		address := discordgo.EndpointChannelMessages(channel) + "?" + url.Values{"limit": {"100"}, "after": {after}}.Encode()
		err := t.p.api.request(ctx, t.p.opt.call, "messages", http.MethodGet, address, nil, &page)
		if s := status(err); s == http.StatusForbidden || s == http.StatusNotFound {
			return nil // not for us to read
		}
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		slices.SortFunc(page, func(a, b *messageEvent) int {
			if newer(b.ID, a.ID) {
				return -1
			}
			return 1
		})
		for _, m := range page {
			if err := t.message(ctx, m, true); err != nil {
				return err
			}
			t.fetched[m.ID] = true
			after = m.ID
			n++
		}
	}
	t.p.env.Log.Warn("discord: a channel has more from the downtime than is fetched", "account", t.p.env.Account, "channel", channel, "fetched", t.p.opt.fetchMax)
	return nil
}

// readable tells whether a channel holds messages.
func readable(t discordgo.ChannelType) bool {
	switch t {
	case discordgo.ChannelTypeGuildCategory, discordgo.ChannelTypeGuildForum, discordgo.ChannelTypeGuildMedia:
		return false
	}
	return true
}
