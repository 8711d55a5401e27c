package command

import (
	"regexp"
	"strings"
)

// Name is a command: a whole message that is meant for the gateway.
type Name string

// Commands.
const (
	Activation Name = "activation" // when the assistant speaks in a group: mention or always
	Send       Name = "send"       // whether a session is answered: allow, deny or inherit
	Restart    Name = "restart"
	Status     Name = "status"
)

// Command is a command with its value.
type Command struct {
	Name Name
	Setting
}

// Parse reads a message as a command. The slash may be left out where nothing else can be meant: before a word alone
// and before a valid value.
func Parse(text string) (c Command, ok bool) {
	text = Bare(text)
	bare, slash := strings.CutPrefix(text, "/")
	words := strings.Fields(bare)
	if len(words) == 0 || strings.HasPrefix(bare, " ") {
		return Command{}, false
	}
	if name, value, colon := strings.Cut(words[0], ":"); colon { // "/send:off"
		words = append(append([]string{name}, strings.Fields(value)...), words[1:]...)
	}
	name, values := Name(word(words[0])), words[1:]
	switch name {
	case Restart, Status:
		return Command{Name: name}, len(values) == 0
	case Activation, Send:
		c = Command{Name: name, Setting: Setting{Raw: strings.Join(values, " ")}}
		c.Value, ok = valueOf(name, c.Raw)
		return c, ok || slash
	}
	return Command{}, false
}

// valueOf reads the value of a command; no value at all is none, and right.
func valueOf(name Name, raw string) (value string, ok bool) {
	switch v := word(raw); {
	case v == "":
		return "", true
	case name == Activation && (v == "mention" || v == "always"):
		return v, true
	case name == Send && (v == "on" || v == "allow"):
		return "allow", true
	case name == Send && (v == "off" || v == "deny"):
		return "deny", true
	case name == Send && (v == "inherit" || v == "default" || v == "reset"):
		return "inherit", true
	}
	return "", false
}

// Stop: the whole message is one of five words.
func Stop(text string) bool {
	switch word(Bare(text)) {
	case "stop", "esc", "abort", "wait", "exit":
		return true
	}
	return false
}

var (
	wholeControl = regexp.MustCompile(`(?i)^/?(status|restart|activation|send|reset|new)$`)
	wordControl  = regexp.MustCompile(`(?i)(^|\s)/(status|thinking|think|t|verbose|v|elevated|elev|model|queue|activation|send|restart|reset|new)(\s|:|$)`)
)

// Control says whether a text is for the gateway, so that it needs no mention in a group.
func Control(text string) bool {
	text = strings.TrimSpace(text)
	return wholeControl.MatchString(text) || wordControl.MatchString(text)
}
