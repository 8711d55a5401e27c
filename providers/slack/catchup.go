package slack

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"
)

// Bounds of what is fetched after a time without a connection.
const (
	lateAge      = 24 * time.Hour // older messages are nobody's business any more
	lateChannels = 30             // conversations, those written to last first
	lateDirect   = 20             // direct conversations besides, that nobody had written to before
	lateMessages = 100            // of one conversation, the newest
	lateThreads  = 10             // of one conversation
	lateTries    = 3
)

// catchUp fetches what was written while no connection was open, conversation by conversation, between the events that come
// in meanwhile. An event of a conversation waits for that conversation's turn, so the order stays.
type catchUp struct {
	p       *Provider
	from    readState
	pending []string // conversations; "" stands for finding direct ones
	tries   map[string]int
	wait    time.Time // not before
}

// newCatchUp is nil when there is nothing to fetch: nobody was ever connected before.
func (p *Provider) newCatchUp(ctx context.Context, now time.Time) *catchUp {
	from := p.reads.begin()
	if from.Alive == "" {
		p.reads.alive(now)
		p.reads.flush(context.WithoutCancel(ctx), p)
		return nil
	}
	k := &catchUp{p: p, from: from, tries: map[string]int{}}
	last := map[string]string{}
	for key, ts := range from.Places {
		channel, _, _ := strings.Cut(key, ":")
		if newer(ts, last[channel]) {
			last[channel] = ts
		}
	}
	for channel := range last {
		k.pending = append(k.pending, channel)
	}
	slices.SortFunc(k.pending, func(a, b string) int { return cmp.Or(-timeOf(last[a]).Compare(timeOf(last[b])), cmp.Compare(a, b)) })
	if len(k.pending) > lateChannels {
		k.pending = k.pending[:lateChannels]
	}
	k.pending = append(k.pending, "")
	return k
}

// due: there is something to fetch, and Slack does not mind.
func (k *catchUp) due(now time.Time) bool { return len(k.pending) > 0 && !now.Before(k.wait) }

// step fetches one conversation.
func (k *catchUp) step(ctx context.Context) error {
	next := k.pending[0]
	k.pending = k.pending[1:]
	return k.one(ctx, next)
}

// before fetches the conversation of an event that has come, if it is not done.
func (k *catchUp) before(ctx context.Context, channel string) error {
	i := slices.Index(k.pending, channel)
	if i < 0 || k.p.env.Now().Before(k.wait) {
		return nil
	}
	k.pending = slices.Delete(k.pending, i, i+1)
	return k.one(ctx, channel)
}

// one fetches and hands up. The error is that of handing up: what cannot be fetched is tried again, and then left.
func (k *catchUp) one(ctx context.Context, channel string) error {
	defer func() {
		if len(k.pending) == 0 && ctx.Err() == nil {
			k.p.reads.closed("")
		}
	}()
	if channel == "" {
		err := k.direct(ctx)
		k.failed(ctx, channel, err)
		return nil
	}
	events, err := k.missed(ctx, channel)
	if k.failed(ctx, channel, err) {
		return nil
	}
	k.p.reads.closed(channel)
	for _, e := range events {
		if err := k.p.onMessage(ctx, e, true); err != nil {
			return err
		}
	}
	return nil
}

// failed puts a conversation off that could not be fetched.
func (k *catchUp) failed(ctx context.Context, channel string, err error) bool {
	if err == nil {
		return false
	}
	if ctx.Err() != nil {
		return true
	}
	var e *apiError
	again := errors.As(err, &e) && (e.limited() || e.code == "" || e.unsure())
	if k.tries[channel]++; again && k.tries[channel] <= lateTries {
		k.pending = append(k.pending, channel)
		k.wait = k.p.env.Now().Add(max(e.retryAfter, 5*k.p.opt.retryMin))
		return true
	}
	if channel != "" {
		k.p.reads.closed(channel)
	}
	k.p.env.Log.Warn("slack: what was written meanwhile cannot be fetched", "account", k.p.env.Account, "channel", channel, "err", err)
	return true
}

// direct finds direct conversations that nobody has written to yet.
func (k *catchUp) direct(ctx context.Context) error {
	var found []sdk.Channel
	err := k.p.api.call(ctx, k.p.opt.call, "users.conversations", func(ctx context.Context, c *sdk.Client) (err error) {
		found, _, err = c.GetConversationsForUserContext(ctx, &sdk.GetConversationsForUserParameters{Types: []string{"im", "mpim"}, Limit: 200, ExcludeArchived: true})
		return err
	})
	if err != nil {
		return err
	}
	n := 0
	for _, c := range found {
		if _, known := k.from.Places[c.ID]; !known && c.ID != "" && n < lateDirect {
			k.pending = append(k.pending, c.ID)
			n++
		}
	}
	return nil
}

// missed is what people have written in a conversation and its threads since it was read, oldest first.
func (k *catchUp) missed(ctx context.Context, channel string) ([]event, error) {
	floor := stampOf(k.p.env.Now().Add(-lateAge))
	since := func(key string) string {
		ts := k.from.Places[key]
		if ts == "" {
			ts = k.from.Alive
		}
		if newer(floor, ts) {
			return floor
		}
		return ts
	}
	list, more, err := k.p.history(ctx, channel, since(channel), lateMessages)
	if err != nil {
		return nil, err
	}
	if more {
		k.p.env.Log.Warn("slack: more was written meanwhile than is fetched", "account", k.p.env.Account, "channel", channel, "fetched", lateMessages)
	}
	threads := map[string]bool{}
	for _, m := range list {
		if m.ReplyCount > 0 && newer(m.LatestReply, since(placeKey(channel, m.Timestamp))) {
			threads[m.Timestamp] = true
		}
	}
	for key, ts := range k.from.Places {
		if id, thread, ok := strings.Cut(key, ":"); ok && id == channel && newer(ts, floor) && len(threads) < lateThreads {
			threads[thread] = true
		}
	}
	for ts := range threads {
		replies, err := k.p.replies(ctx, channel, ts, since(placeKey(channel, ts)))
		if err != nil && codeOf(err) != "thread_not_found" {
			return nil, err
		}
		list = append(list, replies...)
	}
	sort.SliceStable(list, func(i, j int) bool { return timeOf(list[i].Timestamp).Before(timeOf(list[j].Timestamp)) })
	var events []event
	for _, m := range list {
		if e := ofHistory(m, channel); e.SubType == "" || e.SubType == "file_share" {
			events = append(events, e)
		}
	}
	return events, nil
}

// history is the newest messages of a conversation after a time.
func (p *Provider) history(ctx context.Context, channel, oldest string, limit int) (list []sdk.Message, more bool, err error) {
	err = p.api.call(ctx, p.opt.call, "conversations.history", func(ctx context.Context, c *sdk.Client) error {
		r, err := c.GetConversationHistoryContext(ctx, &sdk.GetConversationHistoryParameters{ChannelID: channel, Oldest: oldest, Limit: limit, IncludeAllMetadata: true})
		if r != nil {
			list, more = r.Messages, r.HasMore
		}
		return err
	})
	return list, more, err
}

// replies are the messages of a thread after a time, without its first.
func (p *Provider) replies(ctx context.Context, channel, ts, oldest string) (list []sdk.Message, err error) {
	err = p.api.call(ctx, p.opt.call, "conversations.replies", func(ctx context.Context, c *sdk.Client) (err error) {
		list, _, _, err = c.GetConversationRepliesContext(ctx, &sdk.GetConversationRepliesParameters{ChannelID: channel, Timestamp: ts, Oldest: oldest, Limit: lateMessages, IncludeAllMetadata: true})
		return err
	})
	return slices.DeleteFunc(list, func(m sdk.Message) bool { return m.Timestamp == ts }), err
}
