package outbox

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/actors/account"
)

// target is where a send goes.
type target struct {
	account, surface, chat string
	max                    int
	known                  string // the provider as the client named it
}

// resolve finds the account for a provider name and the chat for a recipient. The error is for the client.
func resolve(dir *account.Directory, provider, to string) (target, error) {
	known := strings.ToLower(strings.TrimSpace(provider))
	switch known {
	case "":
		known = "whatsapp"
	case "imsg":
		known = "imessage"
	}
	surface, _, named := strings.Cut(known, ":") // "telegram:work" is one of several accounts
	switch surface {
	case "whatsapp", "telegram", "discord", "slack", "signal", "imessage":
	default:
		if _, ok := dir.Surface(surface); !ok { // not one of an embedder's own
			surface, named = "whatsapp", false // as protocol 2 has it
		}
	}
	wanted := surface
	if named {
		wanted = known
	}
	t := target{surface: surface, known: known, chat: to}
	s, ok := dir.Surface(wanted)
	switch {
	case !ok && named:
		return t, fmt.Errorf("there is no account %s; set %s.accounts.%s", known, surface, strings.TrimPrefix(known, surface+":"))
	case !ok || s.Phase == account.Disabled:
		return t, missing(surface, s.Reason)
	case s.Phase == account.Terminal:
		return t, fmt.Errorf("%s is down: %s", label(surface), s.Reason)
	}
	t.account, t.max = s.Account, s.Capabilities.MaxText
	t.chat = Chat(surface, to)
	return t, nil
}

// missing says what to do so that the surface can send.
func missing(surface, reason string) error {
	name := label(surface)
	switch {
	case reason == "disabled":
		return fmt.Errorf("%s is disabled in the configuration (%s.enabled)", name, surface)
	case surface == "whatsapp":
		return fmt.Errorf("%s is not linked: no active WhatsApp listener; link it first", name)
	case surface == "telegram":
		return fmt.Errorf("%s is not configured: set telegram.botToken or TELEGRAM_BOT_TOKEN", name)
	}
	return fmt.Errorf("%s is not configured", name)
}

func label(surface string) string {
	switch surface {
	case "whatsapp":
		return "WhatsApp"
	case "imessage":
		return "iMessage"
	}
	return strings.ToUpper(surface[:1]) + surface[1:]
}

var (
	telegramPrefix = regexp.MustCompile(`(?i)^(telegram|tg|group):`)
	telegramLink   = regexp.MustCompile(`(?i)^(?:https?://)?t\.me/([a-z0-9_]{5,})$`)
	telegramName   = regexp.MustCompile(`(?i)^[a-z][a-z0-9_]{4,}$`)
)

// telegramChat brings the ways to write a Telegram chat into one, so that one chat is one lane.
func telegramChat(to string) string {
	to = strings.TrimSpace(telegramPrefix.ReplaceAllString(strings.TrimSpace(to), ""))
	if m := telegramLink.FindStringSubmatch(to); m != nil {
		return "@" + m[1]
	}
	if telegramName.MatchString(to) {
		return "@" + to
	}
	return to
}

var whatsAppNumber = regexp.MustCompile(`^\+?[0-9][0-9 ()./-]*$`)

// whatsAppChat brings the ways to write a phone number into the one that inbound messages have, so that one chat is one
// lane. Ids of groups stay as they are.
func whatsAppChat(to string) string {
	s := strings.TrimSpace(to)
	if before, after, ok := strings.Cut(s, ":"); ok && strings.EqualFold(before, "whatsapp") {
		s = strings.TrimSpace(after)
	}
	if user, ok := strings.CutSuffix(s, "@s.whatsapp.net"); ok {
		s, _, _ = strings.Cut(user, ":") // the number of a device
	}
	if !whatsAppNumber.MatchString(s) {
		return s
	}
	return "+" + strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
