package hooks

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Wake is a line for the main session.
type Wake struct {
	Text     string
	Now      bool   // ask for a heartbeat
	Delivery string // names the call; "" = it has no name
}

// Agent is a run of the agent.
type Agent struct {
	Message    string
	Name       string
	SessionKey string // "" = a session of its own
	Now        bool   // ask for a heartbeat when it has ended
	Deliver    bool
	Channel    string // last or a surface
	To         string
	Thinking   string
	// TimeoutSeconds limits the run; 0 = as configured.
	TimeoutSeconds int64
	Delivery       string // as in Wake
}

// Answer is what became of a call: of this one, or of the first one with the same Delivery.
type Answer struct {
	RunID string // of a run
	Mode  string // of a wake
}

const (
	next = "next-heartbeat"
	last = "last"

	// maxLabel bounds names and session keys, in bytes: they stand in other texts, in lists and in paths.
	maxLabel = 256
	// maxTimeout is a bound that no run needs and no arithmetic with durations exceeds.
	maxTimeout = 1 << 31
)

var (
	errText    = badCall("text required")
	errMessage = badCall("message required")
	errChannel = badCall("channel must be last|whatsapp|telegram|discord|slack|signal|imessage")
	errLong    = badCall("name and sessionKey must not be longer than 256 bytes")
)

// badCall is a mistake of the caller, in words for him.
type badCall string

func (e badCall) Error() string { return string(e) }

// wakeOf reads the body of <base>/wake.
func wakeOf(v value) (Wake, error) {
	w := Wake{Text: v.text("text"), Now: v.text("mode") != next}
	if w.Text == "" {
		return w, errText
	}
	return w, nil
}

// agentOf reads the body of <base>/agent.
func agentOf(v value) (Agent, error) {
	a := Agent{
		Message: v.text("message"), Name: v.text("name"), SessionKey: v.text("sessionKey"), Now: v.text("wakeMode") != next,
		Deliver: v.get("deliver").isTrue(), To: v.text("to"), Thinking: v.text("thinking"), TimeoutSeconds: v.get("timeoutSeconds").seconds(),
	}
	if a.Message == "" {
		return a, errMessage
	}
	channel := last
	if c := v.get("channel"); c.there() {
		channel = c.str()
	}
	return a, a.settle(channel)
}

// settle fills in what is left out, and checks what is not.
func (a *Agent) settle(channel string) (err error) {
	if a.Name == "" {
		a.Name = "Hook"
	}
	if len(a.Name) > maxLabel || len(a.SessionKey) > maxLabel || !utf8.ValidString(a.SessionKey) {
		return errLong
	}
	a.Channel, err = channelOf(channel)
	return err
}

func channelOf(name string) (string, error) {
	switch name {
	case last, "whatsapp", "telegram", "discord", "slack", "signal", "imessage":
		return name, nil
	case "imsg":
		return "imessage", nil
	}
	switch base, account, _ := strings.Cut(name, ":"); base { // one of several accounts
	case "telegram", "discord", "slack", "signal", "imessage":
		if account != "" {
			return name, nil
		}
	}
	return "", errChannel
}

// seconds reads a duration: a number above 0, rounded down; anything else is none.
func (v value) seconds() int64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(v.raw)), 64)
	if err != nil || v.kind() != '0' || !(f >= 1) {
		return 0
	}
	return int64(min(math.Floor(f), maxTimeout))
}
