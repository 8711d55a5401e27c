package wizard

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// known are the surfaces that the dialogue can set up, with what is needed for it.
var known = []struct{ surface, label, hint string }{
	{"telegram", "Telegram", "a bot of your own; the token comes from @BotFather"},
}

func askSurfaces(d *Dialogue) *wire.WizardStep {
	if d.remote() {
		return nil
	}
	q := &wire.WizardStep{Type: "multiselect", Message: "Which messaging surfaces are to be set up? The web page needs nothing."}
	initial := []string{}
	for _, k := range known {
		if !slices.Contains(d.o.Surfaces, k.surface) {
			continue
		}
		q.Options = append(q.Options, option(k.surface, k.label, k.hint))
		if d.draft.get(k.surface) != nil {
			initial = append(initial, k.surface)
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

func askTelegramToken(d *Dialogue) *wire.WizardStep {
	if !d.wants("telegram") {
		return nil
	}
	return secretStep("Token of the Telegram bot, from @BotFather (empty = the one that is set, or TELEGRAM_BOT_TOKEN)")
}

var telegramToken = regexp.MustCompile(`^\d{3,}:[\w-]{20,}$`)

func takeTelegramToken(d *Dialogue, v value) error {
	token := v.text()
	if token == "" {
		if d.draft.text("telegram.botToken") == "" && d.draft.text("telegram.tokenFile") == "" && d.o.Getenv("TELEGRAM_BOT_TOKEN") == "" {
			return errors.New("a bot needs a token: write to @BotFather on Telegram, /newbot")
		}
	} else if !telegramToken.MatchString(token) {
		return errors.New("that is not the token of a bot; it looks like 123456789:AA… and comes from @BotFather")
	} else {
		d.draft.set("telegram.botToken", token, true)
	}
	if d.draft.get("telegram") == nil {
		d.draft.set("telegram.enabled", true, false) // a section makes the surface count as configured
	}
	if d.draft.text("telegram.enabled") == "false" {
		d.draft.set("telegram.enabled", true, false)
	}
	return nil
}

func askTelegramAllow(d *Dialogue) *wire.WizardStep {
	if !d.wants("telegram") {
		return nil
	}
	return textStep("Ids of the people who may write at once, with commas (empty = everybody new gets a code that you approve)",
		strings.Join(value(d.draft.get("telegram.allowFrom")).list(), ", "), "123456789")
}

func takeTelegramAllow(d *Dialogue, v value) error {
	ids := strings.FieldsFunc(v.text(), func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Equal(ids, value(d.draft.get("telegram.allowFrom")).list()) {
		return nil
	}
	if len(ids) == 0 {
		d.draft.drop("telegram.allowFrom")
		return nil
	}
	d.draft.set("telegram.allowFrom", ids, false)
	return nil
}
