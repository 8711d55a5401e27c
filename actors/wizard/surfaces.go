package wizard

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// need is a value without which a surface does not start.
type need struct {
	key, path            string // of the step; where the file has it
	env, other           string // the variable, and the other path, that may have it instead
	message, placeholder string
	shape                *regexp.Regexp
	wrong, missing       string // what is said of another shape, and of nothing
	plain                bool   // it is no secret: it is shown
}

// surface is a messaging surface that the dialogue can set up.
type surface struct {
	name, label, hint string
	needs             []need
	allow, who        string // path of the list of those who may write, "" = it is not asked; what it consists of
	enabled           string // path of its switch
}

// known are they, the quickest first.
var known = []surface{
	{
		name: "telegram", label: "Telegram", hint: "a bot of your own; the token comes from @BotFather", enabled: "telegram.enabled",
		needs: []need{{
			key: "telegram.token", path: "telegram.botToken", env: "TELEGRAM_BOT_TOKEN", other: "telegram.tokenFile", shape: regexp.MustCompile(`^\d{3,}:[\w-]{20,}$`),
			message: "Token of the Telegram bot, from @BotFather (empty = the one that is set, or TELEGRAM_BOT_TOKEN)",
			wrong:   "that is not the token of a bot; it looks like 123456789:AA… and comes from @BotFather",
			missing: "a bot needs a token: write to @BotFather on Telegram, /newbot",
		}},
		allow: "telegram.allowFrom", who: "123456789",
	},
	{
		name: "whatsapp", label: "WhatsApp", hint: "as a linked device of a phone, with a code to scan; WhatsApp does not allow it officially", enabled: "web.enabled",
		allow: "whatsapp.allowFrom", who: "+15555550123",
	},
	{
		name: "discord", label: "Discord", hint: "a bot; the token comes from discord.com/developers/applications", enabled: "discord.enabled",
		needs: []need{{
			key: "discord.token", path: "discord.token", env: "DISCORD_BOT_TOKEN", shape: regexp.MustCompile(`^[\w-]{18,}\.[\w-]{4,}\.[\w-]{20,}$`),
			message: "Token of the Discord bot, from its page Bot (empty = the one that is set, or DISCORD_BOT_TOKEN). It needs Message Content Intent there",
			wrong:   "that is not the token of a Discord bot: it is three parts with dots between them, and comes from Reset Token on the page Bot",
			missing: "a bot needs a token: discord.com/developers/applications, New Application, page Bot, Reset Token",
		}},
	},
	{
		name: "slack", label: "Slack", hint: "an app of your workspace, in Socket Mode; it has two tokens", enabled: "slack.enabled",
		needs: []need{
			{
				key: "slack.botToken", path: "slack.botToken", env: "SLACK_BOT_TOKEN", shape: regexp.MustCompile(`^xoxb-[\w-]{10,}$`),
				message: "Bot token of the Slack app, from Install App (empty = the one that is set, or SLACK_BOT_TOKEN)",
				wrong:   "that is not the bot token of a Slack app; it begins with xoxb-", missing: "a Slack app needs its bot token: api.slack.com/apps, Install App",
			},
			{
				key: "slack.appToken", path: "slack.appToken", env: "SLACK_APP_TOKEN", shape: regexp.MustCompile(`^xapp-[\w-]{10,}$`),
				message: "App-level token of the Slack app, from Socket Mode (empty = the one that is set, or SLACK_APP_TOKEN)",
				wrong:   "that is not the app-level token of a Slack app; it begins with xapp-", missing: "a Slack app needs its app-level token: api.slack.com/apps, Socket Mode",
			},
		},
	},
	{
		name: "signal", label: "Signal", hint: "through signal-cli, which must be installed and have the account", enabled: "signal.enabled",
		needs: []need{{
			key: "signal.account", path: "signal.account", other: "signal.httpUrl", plain: true, shape: regexp.MustCompile(`^\+\d{6,15}$`), placeholder: "+15555550123",
			message: "Phone number of the account that signal-cli has",
			wrong:   "that is not a phone number in international form, like +15555550123", missing: "Signal needs the number of an account that signal-cli has",
		}},
		allow: "signal.allowFrom", who: "+15555550123",
	},
	{
		name: "imessage", label: "iMessage", hint: "on a Mac that is signed in to Messages, through imsg", enabled: "imessage.enabled",
		needs: []need{{
			key: "imessage.cliPath", path: "imessage.cliPath", plain: true, placeholder: "imsg", message: "The program imsg, by name or path",
			missing: "iMessage needs imsg: brew install steipete/tap/imsg",
		}},
		allow: "imessage.allowFrom", who: "+15555550123",
	},
}

// surfaceSteps are the questions about surfaces, each of which is asked for those that were chosen.
func surfaceSteps() []step {
	var all []step
	for _, s := range known {
		for _, n := range s.needs {
			all = append(all, step{
				key:  n.key,
				ask:  func(d *Dialogue) *wire.WizardStep { return askOf(d, s.name, n.ask) },
				take: func(d *Dialogue, v value) error { return n.take(d, v) },
			})
		}
		if s.allow != "" {
			all = append(all, step{
				key:  s.name + ".allowFrom",
				ask:  func(d *Dialogue) *wire.WizardStep { return askOf(d, s.name, s.askAllow) },
				take: func(d *Dialogue, v value) error { return s.takeAllow(d, v) },
			})
		}
		all = append(all, step{do: switchOn(s)})
	}
	return all
}

func askOf(d *Dialogue, surface string, ask func(*Dialogue) *wire.WizardStep) *wire.WizardStep {
	if !d.wants(surface) {
		return nil
	}
	return ask(d)
}

func askSurfaces(d *Dialogue) *wire.WizardStep {
	if d.remote() {
		return nil
	}
	q := &wire.WizardStep{Type: "multiselect", Message: "Which messaging surfaces are to be set up? The web page needs nothing."}
	initial := []string{}
	for _, k := range known {
		if !slices.Contains(d.o.Surfaces, k.name) {
			continue
		}
		q.Options = append(q.Options, option(k.name, k.label, k.hint))
		if d.draft.get(k.name) != nil || d.draft.text(k.enabled) == "true" {
			initial = append(initial, k.name)
		}
	}
	if len(q.Options) == 0 {
		return nil
	}
	q.InitialValue = raw(initial)
	return q
}

func takeSurfaces(d *Dialogue, v value) error {
	for _, s := range v.list() {
		if !slices.Contains(d.o.Surfaces, s) {
			return errors.New("this gateway has no surface of that name")
		}
		d.answers.surfaces = append(d.answers.surfaces, s)
	}
	return nil
}

func (d *Dialogue) wants(surface string) bool { return slices.Contains(d.answers.surfaces, surface) }

func (n need) ask(d *Dialogue) *wire.WizardStep {
	if !n.plain {
		return secretStep(n.message)
	}
	return textStep(n.message, d.draft.text(n.path), n.placeholder)
}

func (n need) take(d *Dialogue, v value) error {
	text := v.text()
	switch {
	case text == "" && !n.there(d):
		return errors.New(n.missing)
	case text == "":
	case n.shape != nil && !n.shape.MatchString(text):
		return errors.New(n.wrong)
	default:
		d.draft.set(n.path, text, !n.plain)
	}
	return nil
}

// there says whether it needs no answer.
func (n need) there(d *Dialogue) bool {
	return d.draft.text(n.path) != "" || n.other != "" && d.draft.text(n.other) != "" || n.env != "" && d.o.Getenv(n.env) != ""
}

func (s surface) askAllow(d *Dialogue) *wire.WizardStep {
	of := "Ids of the people"
	if s.who[0] == '+' {
		of = "Numbers of the people"
	}
	return textStep(fmt.Sprintf("%s who may write on %s at once, with commas (empty = everybody new gets a code that you approve)", of, s.label),
		strings.Join(value(d.draft.get(s.allow)).list(), ", "), s.who)
}

func (s surface) takeAllow(d *Dialogue, v value) error {
	ids := strings.FieldsFunc(v.text(), func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case slices.Equal(ids, value(d.draft.get(s.allow)).list()):
	case len(ids) == 0:
		d.draft.drop(s.allow)
	default:
		d.draft.set(s.allow, ids, false)
	}
	return nil
}

// strangers says whether somebody new gets a code on one of the chosen surfaces.
func (d *Dialogue) strangers() bool {
	return slices.ContainsFunc(known, func(s surface) bool {
		return d.wants(s.name) && (s.allow == "" || len(value(d.draft.get(s.allow)).list()) == 0)
	})
}
