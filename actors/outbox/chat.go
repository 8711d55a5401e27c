package outbox

import (
	"regexp"
	"strings"
)

// Chat brings the ways to write a recipient on a surface (reference a.1 to a.6) into the one that inbound messages of that
// chat have, so that one chat is one lane. What it does not know stays as it is: the provider says what is wrong with it.
func Chat(surface, to string) string {
	to = strings.TrimSpace(to)
	switch surface {
	case "telegram":
		return telegramChat(to)
	case "slack", "discord":
		return roomOrPerson(surface, to)
	case "whatsapp":
		return whatsAppChat(to)
	case "signal":
		to = without(to, "signal:")
		if group, is := cutFold(to, "group:"); is {
			return "group:" + group
		}
		return phone(to)
	case "imessage":
		return imessageChat(to)
	}
	return to
}

// cutFold is strings.CutPrefix in any case, without the space behind the prefix.
func cutFold(s, prefix string) (rest string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return strings.TrimSpace(s[len(prefix):]), true
}

func without(s, prefix string) string {
	s, _ = cutFold(s, prefix)
	return s
}

var mention = regexp.MustCompile(`^<(@!?|#)([A-Za-z0-9]+)(?:\|[^>]*)?>$`)

// roomOrPerson: a room is its id alone, a person "user:" and the id.
func roomOrPerson(surface, to string) string {
	if m := mention.FindStringSubmatch(to); m != nil {
		if m[1] == "#" {
			return m[2]
		}
		return "user:" + m[2]
	}
	for prefix, made := range map[string]string{"user:": "user:", surface + ":": "user:", "channel:": "", "@": "user:"} {
		if id, is := cutFold(to, prefix); is && id != "" {
			return made + id
		}
	}
	return to
}

// phone writes a number in one way: "+" and the digits. What is no number stays.
func phone(to string) string {
	if to == "" || strings.Trim(to, "+0123456789-()./ \u00a0") != "" {
		return to
	}
	return "+" + strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, to)
}

var imessageGroup = regexp.MustCompile(`(?i)^(?:chat_id|chatid|chat|group):\s*([0-9]+)$`)

func imessageChat(to string) string {
	to = without(to, "imessage:")
	if m := imessageGroup.FindStringSubmatch(to); m != nil {
		return "group:" + m[1]
	}
	if strings.Contains(to, "@") && !strings.Contains(to, ":") {
		return strings.ToLower(to)
	}
	return phone(to)
}
