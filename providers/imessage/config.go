package imessage

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/providers"
)

// Config is the "imessage" section of the configuration. The zero value means the defaults.
type Config struct {
	CLIPath            string   `json:"cliPath"`   // "" = imsg; may be a script that runs imsg on a Mac
	DBPath             string   `json:"dbPath"`    // "" = the user's own Messages database
	Service            string   `json:"service"`   // imessage, sms or auto; "" = auto
	Region             string   `json:"region"`    // for numbers without a country; "" = US
	AllowFrom          []string `json:"allowFrom"` // people and chats
	IncludeAttachments bool     `json:"includeAttachments"`
	MediaMaxMB         float64  `json:"mediaMaxMb"`     // largest inbound attachment; 0 = 16
	TextChunkLimit     int      `json:"textChunkLimit"` // longest message in UTF-16 units; 0 = 4000
	Groups             map[string]struct {
		RequireMention *bool `json:"requireMention"`
	} `json:"groups"` // by chat id, "*" for the rest
	Actions providers.Switches `json:"actions"` // what the agent may do besides writing; what is not named is on
}

const groupPrefix = "group:"

// ParseConfig decodes the section, fills in the defaults and checks every field.
func ParseConfig(raw json.RawMessage) (Config, error) {
	var c Config
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &c); err != nil {
			return Config{}, fmt.Errorf("imessage: %w", err)
		}
	}
	if c.CLIPath = strings.TrimSpace(c.CLIPath); c.CLIPath == "" {
		c.CLIPath = "imsg"
	}
	if c.Region = strings.TrimSpace(c.Region); c.Region == "" {
		c.Region = "US"
	}
	switch c.Service {
	case "":
		c.Service = "auto"
	case "auto", "imessage", "sms":
	default:
		return Config{}, fmt.Errorf("imessage.service: %q is not one of imessage, sms, auto", c.Service)
	}
	var err error
	if c.TextChunkLimit, err = providers.TextLimit(surface, c.TextChunkLimit, 4000, 0); err != nil {
		return Config{}, err
	}
	if c.MediaMaxMB, err = providers.MediaLimit(surface, c.MediaMaxMB, 16); err != nil {
		return Config{}, err
	}
	return c, nil
}

// chatKinds are the ways to name a chat instead of a person (providers a.6), and the parameter of each.
var chatKinds = map[string]string{
	"chat_id": "chat_id", "chatid": "chat_id", "chat": "chat_id",
	"chat_guid": "chat_guid", "chatguid": "chat_guid", "guid": "chat_guid",
	"chat_identifier": "chat_identifier", "chatidentifier": "chat_identifier", "chatident": "chat_identifier",
}

// address takes apart what people call a chat: the parameter that names it, its value, and the service to use, "" = the
// configured one. The value is "" for what is no address.
func address(s string) (param, value, service string) {
	s = strings.TrimSpace(s)
	for {
		before, after, ok := strings.Cut(s, ":")
		if !ok {
			break
		}
		word, rest := strings.ToLower(before), strings.TrimSpace(after)
		switch {
		case word == "imessage" || word == "sms" || word == "auto":
			s, service = rest, word
			continue
		case word == "group":
			if _, err := strconv.ParseInt(rest, 10, 64); err != nil && rest != "" {
				return "chat_guid", rest, service
			}
			return "chat_id", rest, service
		case chatKinds[word] != "":
			return chatKinds[word], rest, service
		}
		break
	}
	return "to", handle(s), service
}

// handle brings the ways to write a person into one: a number as + and digits, an address in lower case. It is the form
// of Sender.ID.
func handle(s string) string {
	s = strings.TrimSpace(s)
	if strings.Contains(s, "@") {
		return strings.ToLower(s)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("+0123456789 ()-./", r) }) {
		return s
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if digits == "" {
		return ""
	}
	return "+" + digits
}

// rules judge by the section. An entry of the allowlist that names a chat lets in whoever writes there.
func rules(raw json.RawMessage) providers.Rules {
	c, err := ParseConfig(raw)
	if err != nil {
		return func(providers.Incoming) providers.Ruling {
			return providers.Ruling{Refused: "the imessage section cannot be read"}
		}
	}
	type entry struct{ param, value string }
	var from []string
	var chats []entry
	for _, text := range c.AllowFrom {
		param, value, _ := address(text)
		switch {
		case strings.TrimSpace(text) == "*":
			from = append(from, "*")
		case value == "":
		case param == "to":
			from = append(from, value)
		default:
			chats = append(chats, entry{param, value})
			from = append(from, param+":"+value) // nobody is called that, but the list is not empty
		}
	}
	return func(m providers.Incoming) providers.Ruling {
		r := providers.Ruling{From: from, Patterns: true}
		id := strings.TrimPrefix(m.Chat, groupPrefix)
		known := map[string]string{"chat_id": id, "chat_guid": m.RoomID, "chat_identifier": m.SpaceID}
		for _, e := range chats {
			if known[e.param] == e.value {
				r.From = []string{"*"}
			}
		}
		if m.Kind == providers.Direct {
			return r
		}
		r.Mention = true
		for _, key := range []string{id, "*"} {
			if g, ok := c.Groups[key]; ok && g.RequireMention != nil {
				r.Mention = *g.RequireMention
				break
			}
		}
		return r
	}
}
