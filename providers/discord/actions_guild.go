package discord

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

const (
	maxEmoji   = 256 << 10
	maxSticker = 512 << 10
)

// raw asks for an object of the platform that is passed on as it is.
func (p *Provider) raw(ctx context.Context, what, address, key string) (any, error) {
	var v any
	if err := p.api.request(ctx, p.opt.call, what, http.MethodGet, address, nil, &v); err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, key: v}, nil
}

func (p *Provider) listEmojis(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "emojis", discordgo.EndpointGuildEmojis(string(a.GuildID)), "emojis")
}

func (p *Provider) memberInfo(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID, "userId", a.UserID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "member", discordgo.EndpointGuildMember(string(a.GuildID), string(a.UserID)), "member")
}

func (p *Provider) roleInfo(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "roles", discordgo.EndpointGuildRoles(string(a.GuildID)), "roles")
}

func (p *Provider) channelInfo(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "channel", discordgo.EndpointChannel(string(a.ChannelID)), "channel")
}

func (p *Provider) listChannels(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "channels", discordgo.EndpointGuildChannels(string(a.GuildID)), "channels")
}

func (p *Provider) voiceStatus(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID, "userId", a.UserID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "voice state", discordgo.EndpointGuild(string(a.GuildID))+"/voice-states/"+string(a.UserID), "voice")
}

func (p *Provider) listEvents(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	return p.raw(ctx, "events", discordgo.EndpointGuildScheduledEvents(string(a.GuildID)), "events")
}

// permissions are what the bot may do in a channel.
func (p *Provider) permissions(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID); err != nil {
		return nil, err
	}
	self := p.me().ID
	if self == "" {
		return nil, &providers.SendError{Class: providers.Transient, Err: errNoReady}
	}
	bits, err := ask(ctx, p, "permissions", func(s *discordgo.Session) (int64, error) {
		return s.UserChannelPermissions(self, string(a.ChannelID))
	})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, known := range []struct {
		bit  int64
		name string
	}{
		{discordgo.PermissionViewChannel, "ViewChannel"}, {discordgo.PermissionSendMessages, "SendMessages"},
		{discordgo.PermissionSendMessagesInThreads, "SendMessagesInThreads"}, {discordgo.PermissionReadMessageHistory, "ReadMessageHistory"},
		{discordgo.PermissionAttachFiles, "AttachFiles"}, {discordgo.PermissionAddReactions, "AddReactions"},
		{discordgo.PermissionManageMessages, "ManageMessages"}, {discordgo.PermissionCreatePublicThreads, "CreatePublicThreads"},
		{discordgo.PermissionManageThreads, "ManageThreads"}, {discordgo.PermissionManageRoles, "ManageRoles"},
		{discordgo.PermissionManageEvents, "ManageEvents"}, {discordgo.PermissionModerateMembers, "ModerateMembers"},
		{discordgo.PermissionKickMembers, "KickMembers"}, {discordgo.PermissionBanMembers, "BanMembers"},
		{discordgo.PermissionAdministrator, "Administrator"},
	} {
		if bits&known.bit != 0 {
			names = append(names, known.name)
		}
	}
	return map[string]any{"ok": true, "channelId": a.ChannelID, "permissions": names}, nil
}

func (p *Provider) createThread(ctx context.Context, a params) (any, error) {
	if err := need("channelId", a.ChannelID); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Name) == "" {
		return nil, permanent("name: missing")
	}
	switch a.ArchiveAfter {
	case 0, 60, 1440, 4320, 10080:
	default:
		return nil, permanent("autoArchiveMinutes: 60, 1440, 4320 or 10080")
	}
	start := &discordgo.ThreadStart{Name: a.Name, AutoArchiveDuration: a.ArchiveAfter}
	thread, err := ask(ctx, p, "thread", func(s *discordgo.Session) (*discordgo.Channel, error) {
		if a.MessageID != "" {
			return s.MessageThreadStartComplex(string(a.ChannelID), string(a.MessageID), start)
		}
		start.Type = discordgo.ChannelTypeGuildPublicThread
		return s.ThreadStartComplex(string(a.ChannelID), start)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "thread": map[string]string{"id": thread.ID, "name": thread.Name}}, nil
}

func (p *Provider) listThreads(ctx context.Context, a params) (any, error) {
	if a.Archived {
		if err := need("channelId", a.ChannelID); err != nil {
			return nil, err
		}
		list, err := ask(ctx, p, "threads", func(s *discordgo.Session) (*discordgo.ThreadsList, error) {
			return s.ThreadsArchived(string(a.ChannelID), nil, clamp(a.Limit, 50, 2, 100))
		})
		return showThreads(list, "", err)
	}
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	list, err := ask(ctx, p, "threads", func(s *discordgo.Session) (*discordgo.ThreadsList, error) {
		return s.GuildThreadsActive(string(a.GuildID))
	})
	return showThreads(list, string(a.ChannelID), err)
}

func showThreads(list *discordgo.ThreadsList, parent string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	out := []map[string]string{}
	for _, t := range list.Threads {
		if parent == "" || t.ParentID == parent {
			out = append(out, map[string]string{"id": t.ID, "name": t.Name, "channelId": t.ParentID})
		}
	}
	return map[string]any{"ok": true, "threads": out}, nil
}

func (p *Provider) createEvent(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Name) == "" {
		return nil, permanent("name: missing")
	}
	start, err := moments("startTime", a.StartTime)
	if err != nil {
		return nil, err
	}
	event := &discordgo.GuildScheduledEventParams{
		Name: a.Name, Description: a.Description, ScheduledStartTime: start, ChannelID: string(a.ChannelID),
		PrivacyLevel: discordgo.GuildScheduledEventPrivacyLevelGuildOnly,
	}
	if a.EndTime != "" {
		if event.ScheduledEndTime, err = moments("endTime", a.EndTime); err != nil {
			return nil, err
		}
	}
	switch kind := cmp.Or(a.EntityType, "external"); kind {
	case "external":
		if a.Location == "" || event.ScheduledEndTime == nil {
			return nil, permanent("location and endTime: an external event needs both")
		}
		event.EntityType, event.ChannelID = discordgo.GuildScheduledEventEntityTypeExternal, ""
		event.EntityMetadata = &discordgo.GuildScheduledEventEntityMetadata{Location: a.Location}
	case "voice", "stage":
		if err := need("channelId", a.ChannelID); err != nil {
			return nil, err
		}
		event.EntityType = discordgo.GuildScheduledEventEntityTypeVoice
		if kind == "stage" {
			event.EntityType = discordgo.GuildScheduledEventEntityTypeStageInstance
		}
	default:
		return nil, permanent("entityType: %q is not one of external, voice, stage", plain(a.EntityType))
	}
	made, err := ask(ctx, p, "event", func(s *discordgo.Session) (*discordgo.GuildScheduledEvent, error) {
		return s.GuildScheduledEventCreate(string(a.GuildID), event, because(a.Reason)...)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "eventId": made.ID}, nil
}

func (p *Provider) uploadEmoji(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	if strings.TrimSpace(a.Name) == "" {
		return nil, permanent("name: missing")
	}
	media, data, err := p.fetchImage(ctx, a.MediaURL, maxEmoji, "image/png", "image/jpeg", "image/gif")
	if err != nil {
		return nil, err
	}
	emoji := &discordgo.EmojiParams{Name: a.Name, Image: "data:" + media.MIME + ";base64," + base64.StdEncoding.EncodeToString(data)}
	for _, id := range a.RoleIDs {
		emoji.Roles = append(emoji.Roles, string(id))
	}
	made, err := ask(ctx, p, "emoji", func(s *discordgo.Session) (*discordgo.Emoji, error) {
		return s.GuildEmojiCreate(string(a.GuildID), emoji, because(a.Reason)...)
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"ok": true, "emojiId": made.ID}, nil
}

// fetchImage gets an image of a kind that the platform takes. What it is is told by its bytes.
func (p *Provider) fetchImage(ctx context.Context, address string, limit int64, kinds ...string) (providers.Media, []byte, error) {
	media, err := p.fetchFile(ctx, address, limit)
	if err != nil {
		return media, nil, err
	}
	kind, _, _ := strings.Cut(media.MIME, ";")
	for _, k := range kinds {
		if k == kind {
			data, err := os.ReadFile(media.Path)
			return media, data, err
		}
	}
	return media, nil, permanent("mediaUrl: this is %s, Discord takes %s", plain(media.MIME), strings.Join(kinds, ", "))
}

func (p *Provider) uploadSticker(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID); err != nil {
		return nil, err
	}
	for name, v := range map[string]string{"name": a.Name, "description": a.Description, "tags": a.Tags} {
		if strings.TrimSpace(v) == "" {
			return nil, permanent("%s: missing", name)
		}
	}
	media, data, err := p.fetchImage(ctx, a.MediaURL, maxSticker, "image/png", "image/vnd.mozilla.apng", "application/json")
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range [][2]string{{"name", a.Name}, {"description", a.Description}, {"tags", a.Tags}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return nil, err
		}
	}
	part, err := w.CreateFormFile("file", cmp.Or(media.Name, filepath.Base(media.Path)))
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, err
	}
	return p.order(ctx, "sticker", func(s *discordgo.Session) error {
		_, err := s.RequestRaw(http.MethodPost, discordgo.EndpointGuildStickers(string(a.GuildID)), w.FormDataContentType(), body.Bytes(), "", 0)
		return err
	})
}

func (p *Provider) addRole(ctx context.Context, a params) (any, error) {
	return p.onRole(ctx, a, (*discordgo.Session).GuildMemberRoleAdd)
}

func (p *Provider) removeRole(ctx context.Context, a params) (any, error) {
	return p.onRole(ctx, a, (*discordgo.Session).GuildMemberRoleRemove)
}

func (p *Provider) onRole(ctx context.Context, a params, do func(s *discordgo.Session, guild, user, role string, o ...discordgo.RequestOption) error) (any, error) {
	if err := need("guildId", a.GuildID, "userId", a.UserID, "roleId", a.RoleID); err != nil {
		return nil, err
	}
	return p.order(ctx, "role", func(s *discordgo.Session) error {
		return do(s, string(a.GuildID), string(a.UserID), string(a.RoleID), because(a.Reason)...)
	})
}

// timeout silences somebody; without a time it ends a silence.
func (p *Provider) timeout(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID, "userId", a.UserID); err != nil {
		return nil, err
	}
	var until *time.Time
	switch {
	case a.Until != "":
		t, err := moments("until", a.Until)
		if err != nil {
			return nil, err
		}
		until = t
	case a.Minutes != nil && *a.Minutes > 0:
		t := p.env.Now().Add(time.Duration(*a.Minutes) * time.Minute)
		until = &t
	}
	if until != nil && until.Sub(p.env.Now()) > 28*24*time.Hour {
		return nil, permanent("durationMinutes: Discord silences for at most 28 days")
	}
	return p.order(ctx, "timeout", func(s *discordgo.Session) error {
		return s.GuildMemberTimeout(string(a.GuildID), string(a.UserID), until, because(a.Reason)...)
	})
}

func (p *Provider) kick(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID, "userId", a.UserID); err != nil {
		return nil, err
	}
	return p.order(ctx, "kick", func(s *discordgo.Session) error {
		return s.GuildMemberDelete(string(a.GuildID), string(a.UserID), because(a.Reason)...)
	})
}

func (p *Provider) ban(ctx context.Context, a params) (any, error) {
	if err := need("guildId", a.GuildID, "userId", a.UserID); err != nil {
		return nil, err
	}
	if a.DeleteDays < 0 || a.DeleteDays > 7 {
		return nil, permanent("deleteMessageDays: 0 to 7, not %d", a.DeleteDays)
	}
	// The library puts a reason into the address, where the platform does not look any more.
	body := map[string]int{"delete_message_seconds": a.DeleteDays * 24 * 60 * 60}
	return p.order(ctx, "ban", func(s *discordgo.Session) error {
		_, err := s.Request(http.MethodPut, discordgo.EndpointGuildBan(string(a.GuildID), string(a.UserID)), body, because(a.Reason)...)
		return err
	})
}
