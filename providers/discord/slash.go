package discord

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/clawdbot/gateway/providers"
)

// interaction is a call of a command. Only what is used is read; the library's accessors panic on other kinds.
type interaction struct {
	ID          string            `json:"id"`
	Application string            `json:"application_id"`
	Type        int               `json:"type"` // 2 = a command
	Token       string            `json:"token"`
	GuildID     string            `json:"guild_id"`
	ChannelID   string            `json:"channel_id"`
	Channel     *channelEvent     `json:"channel"`
	Member      *discordgo.Member `json:"member"`
	User        *discordgo.User   `json:"user"`
	Data        struct {
		Name    string `json:"name"`
		Options []struct {
			Name  string `json:"name"`
			Value any    `json:"value"`
		} `json:"options"`
	} `json:"data"`
}

// answer is a command that waits for its answer. The token is kept in memory alone: after a restart the answer goes to
// the person as a direct message.
type answer struct {
	application, token string
	expires            time.Time
	begun              bool // the deferred answer was filled in; what follows are further messages
	ephemeral          bool
}

// promptOption is what people type after the command's name.
const promptOption = "prompt"

// registerCommand makes the command known to Discord, if it is not there as it should be.
func (p *Provider) registerCommand(ctx context.Context) error {
	app := p.me().Application
	if !p.cfg.SlashCommand.Enabled || app == "" {
		return nil
	}
	want := &discordgo.ApplicationCommand{
		Name: p.cfg.SlashCommand.Name, Description: "Ask the assistant",
		Options: []*discordgo.ApplicationCommandOption{{
			Type: discordgo.ApplicationCommandOptionString, Name: promptOption, Description: "What to ask", Required: true,
		}},
	}
	address := discordgo.EndpointApplicationGlobalCommands(app)
	var have []*discordgo.ApplicationCommand
	if err := p.api.request(ctx, p.opt.call, "commands", http.MethodGet, address, nil, &have); err != nil {
		return err
	}
	for _, c := range have {
		if c.Name == want.Name && c.Description == want.Description && len(c.Options) == 1 && c.Options[0].Name == promptOption {
			return nil
		}
	}
	return p.api.request(ctx, p.opt.call, "commands", http.MethodPost, address, want, nil)
}

// command takes a call: tells the caller to wait, which must be done within three seconds, and hands it over.
func (t *taker) command(ctx context.Context, i *interaction) error {
	user := i.User
	if i.Member != nil && i.Member.User != nil {
		user = i.Member.User
	}
	if i.Type != 2 || user == nil || i.Data.Name != t.p.cfg.SlashCommand.Name || !t.p.cfg.SlashCommand.Enabled {
		return nil
	}
	room, err := t.p.room(ctx, i.ChannelID)
	if err != nil {
		return err
	}
	if i.Channel != nil && room.Name == "" && room.GuildID == "" {
		room.Type, room.Name = i.Channel.Type, i.Channel.Name
	}
	room.ID, room.GuildID = i.ChannelID, i.GuildID
	in := roomOf(room)
	in.ID, in.Command, in.Sender, in.Time = i.ID, true, person(user, i.Member), moment(i.ID)
	in.Space = t.p.cfg.Guilds[i.GuildID].Slug
	for _, o := range i.Data.Options {
		if s, ok := o.Value.(string); ok && o.Name == promptOption {
			in.Text = body(&discordgo.Message{Content: s})
		}
	}
	if refused := t.p.cfg.judge(in).Refused; refused != "" || in.Text == "" {
		notice := "This is not possible here: " + refused
		if refused == "" {
			notice = "Write what you want after the command."
		}
		t.p.respond(ctx, i, map[string]any{"type": 4, "data": map[string]any{"content": notice, "flags": discordgo.MessageFlagsEphemeral}})
		return nil
	}
	// The answer belongs to the caller: in their own chat when the interaction is no way any more.
	in.Chat, in.Mentioned = "user:"+user.ID, true
	if _, known := t.p.answerState(i.ID); !known {
		data := map[string]any{}
		if t.p.cfg.SlashCommand.ephemeral() {
			data["flags"] = discordgo.MessageFlagsEphemeral
		}
		if t.p.respond(ctx, i, map[string]any{"type": 5, "data": data}) {
			t.p.expect(i)
		}
	}
	return t.receive(ctx, in)
}

// respond answers a call at once. That it fails is no reason to lose what was asked: the answer goes another way.
func (p *Provider) respond(ctx context.Context, i *interaction, body any) bool {
	err := p.api.request(ctx, min(p.opt.call, 2500*time.Millisecond), "answer to a command", http.MethodPost,
		discordgo.EndpointInteractionResponse(i.ID, i.Token), body, nil)
	if err != nil {
		p.env.Log.Warn("discord: a command could not be answered at once", "account", p.env.Account, "err", err)
	}
	return err == nil
}

func (p *Provider) expect(i *interaction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.env.Now()
	for id, a := range p.answers {
		if now.After(a.expires) {
			delete(p.answers, id)
		}
	}
	p.answers[i.ID] = &answer{
		application: i.Application, token: i.Token, expires: now.Add(p.opt.answerTTL), ephemeral: p.cfg.SlashCommand.ephemeral(),
	}
}

func (p *Provider) answerState(id string) (answer, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.answers[id]; a != nil && p.env.Now().Before(a.expires) {
		return *a, true
	}
	return answer{}, false
}

func (p *Provider) answerTo(id string) *answer {
	if a, ok := p.answerState(id); ok {
		return &a
	}
	return nil
}

func (p *Provider) forgetAnswer(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.answers, id)
}

// sendAnswer fills in the deferred answer, or adds to it.
func (p *Provider) sendAnswer(ctx context.Context, a *answer, m providers.Outgoing) (providers.Receipt, error) {
	file, err := attachment(m.Media)
	if err != nil {
		return providers.Receipt{}, err
	}
	var files []*discordgo.File
	if file != nil {
		defer closeFile(file)
		files = append(files, file)
	}
	i := &discordgo.Interaction{AppID: a.application, Token: a.token}
	var got *discordgo.Message
	err = p.api.call(ctx, p.opt.upload, "answer to a command", func(s *discordgo.Session) (err error) {
		if !a.begun {
			got, err = s.InteractionResponseEdit(i, &discordgo.WebhookEdit{Content: &m.Text, Files: files, AllowedMentions: &people})
			return err
		}
		params := &discordgo.WebhookParams{Content: m.Text, Files: files, AllowedMentions: &people}
		if a.ephemeral {
			params.Flags = discordgo.MessageFlagsEphemeral
		}
		got, err = s.FollowupMessageCreate(i, true, params)
		return err
	})
	if err != nil {
		return providers.Receipt{}, err
	}
	p.mu.Lock()
	if kept := p.answers[m.Route.ReplyTo]; kept != nil {
		kept.begun = true
	}
	p.mu.Unlock()
	receipt := providers.Receipt{ChatID: m.Route.Chat}
	if got != nil {
		receipt.MessageID = got.ID
	}
	return receipt, nil
}

// expired tells whether the platform does not know the interaction any more.
func expired(err error) bool {
	var e *apiError
	return errors.As(err, &e) && (e.status == http.StatusNotFound || e.code == 50027 || e.code == 10062) && !strings.Contains(e.text, "file")
}
