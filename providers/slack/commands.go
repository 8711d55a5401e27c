package slack

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/clawdbot/gateway/providers"
)

// What Slack allows for the answers to one command.
const (
	answerUses = 5
	answerLife = 30 * time.Minute
	maxAnswers = 500 // commands that are remembered
)

// answerURL is where the answers to a command go.
type answerURL struct {
	url   string
	until time.Time
	uses  int
}

// command is a slash command as Slack sends it.
type command struct {
	Command     string `json:"command"`
	Text        string `json:"text"`
	User        string `json:"user_id"`
	UserName    string `json:"user_name"`
	Channel     string `json:"channel_id"`
	ChannelName string `json:"channel_name"`
	Response    string `json:"response_url"`
	Trigger     string `json:"trigger_id"`
}

// notice is an answer that only the person sees, carried by the acknowledgement.
func notice(text string) map[string]string {
	return map[string]string{"response_type": "ephemeral", "text": text}
}

// onCommand hands a slash command up, or says at once why not.
func (p *Provider) onCommand(ctx context.Context, payload json.RawMessage) (body any, err error) {
	var c command
	if err := json.Unmarshal(payload, &c); err != nil || c.User == "" || c.Channel == "" || c.Trigger == "" {
		p.env.Log.Error("slack command unreadable, skipped", "account", p.env.Account)
		return nil, nil
	}
	name := strings.TrimPrefix(c.Command, "/")
	switch {
	case !p.cfg.SlashCommand.Enabled:
		return notice("This command is switched off (slack.slashCommand.enabled)."), nil
	case !strings.EqualFold(name, p.cfg.SlashCommand.Name):
		return notice("I answer to /" + p.cfg.SlashCommand.Name + "."), nil
	case strings.TrimSpace(c.Text) == "":
		return notice("Say what you want: /" + name + " <message>"), nil
	}
	in := p.asMessage(ctx, c)
	if r := p.rules(in); r.Refused != "" {
		return notice("Not here: " + r.Refused + "."), nil
	}
	p.remember(in.ID, c.Response)
	return nil, p.receive(ctx, in)
}

func (p *Provider) asMessage(ctx context.Context, c command) providers.Incoming {
	kind := ""
	if c.ChannelName == "directmessage" {
		kind = "im"
	}
	at, who := p.place(ctx, c.Channel, kind), p.person(ctx, c.User)
	in := providers.Incoming{
		ID: "cmd:" + c.Trigger, Chat: slashChat(c.Channel, c.User), RoomID: c.Channel, Kind: at.kind, Title: at.title(),
		Sender: providers.Sender{ID: c.User, Name: who.name, Username: who.username},
		Text:   plain(c.Text), Command: true, Mentioned: true, Time: p.env.Now(),
	}
	if at.kind == providers.Channel {
		in.Room = at.name
	}
	return in
}

// remember keeps the address for a command's answers. One that is not Slack's is not used.
func (p *Provider) remember(id, address string) {
	if !p.trusted(address) {
		return
	}
	now := p.env.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.answers[id]; known {
		return // Slack's second try of the same command
	}
	oldest := ""
	for k, a := range p.answers {
		if now.After(a.until) {
			delete(p.answers, k)
		} else if oldest == "" || a.until.Before(p.answers[oldest].until) {
			oldest = k
		}
	}
	if len(p.answers) >= maxAnswers {
		delete(p.answers, oldest)
	}
	p.answers[id] = &answerURL{url: address, until: now.Add(answerLife)}
}

// use takes one use of a command's address; "" when there is none left.
func (p *Provider) use(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.answers[id]
	if a == nil || a.uses >= answerUses || p.env.Now().After(a.until) {
		return ""
	}
	a.uses++
	return a.url
}

// answer sends to whoever gave a command: where the command was given if that is still possible, else directly.
func (p *Provider) answer(ctx context.Context, m providers.Outgoing, user string) (providers.Receipt, error) {
	if m.Media == nil {
		if address := p.use(m.Route.ReplyTo); address != "" {
			err := p.respond(ctx, address, m.Text)
			switch code := codeOf(err); code {
			case "used_url", "expired_url", "invalid_url":
			default:
				return providers.Receipt{MessageID: m.Route.ReplyTo, ChatID: m.Route.Chat}, err
			}
		}
	}
	m.Route.Chat, m.Route.Thread = "user:"+user, ""
	return p.deliver(ctx, m)
}

func (p *Provider) respond(ctx context.Context, address, text string) error {
	kind := "in_channel"
	if p.cfg.ephemeral() {
		kind = "ephemeral"
	}
	return p.api.transfer(ctx, p.opt.call, "response_url", func(ctx context.Context, c *sdk.Client) error {
		_, _, err := c.PostMessageContext(ctx, "", sdk.MsgOptionResponseURL(address, kind), sdk.MsgOptionText(text, false))
		return err
	})
}
