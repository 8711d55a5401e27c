package whatsapp

import (
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// ending is why a connection is over, in a line for a person and as the number that the reference has for it.
type ending struct {
	status    int
	text      string
	final     bool // trying again cannot mend it
	loggedOut bool // the credentials are worth nothing any more
	outdated  bool // the version that we gave ourselves out as is refused
	restart   bool // the server asks for a new connection: no failure
}

func (e *ending) Error() string { return e.text }

// Numbers of endings that are not the server's.
const (
	statusReplaced = 440
	statusRestart  = 515
	statusSilent   = 408
	statusQuiet    = 499
)

const restartHint = "then: clawdbot providers restart whatsapp"

var (
	errNotLinked = errors.New(`not linked: run "clawdbot login" and scan the code with the phone`)
	errYield     = errors.New("the device is being linked or unlinked")
	errLost      = &ending{text: "the connection was lost"}
	errRestart   = &ending{status: statusRestart, text: "WhatsApp asks for a new connection", restart: true}
	errSilent    = &ending{status: statusSilent, text: "the connection is open but dead: WhatsApp does not answer"}
	errQuiet     = &ending{status: statusQuiet, text: "no message for a long time: the connection is opened anew"}
	errReplaced  = &ending{
		status: statusReplaced, final: true,
		text: "another program has taken over this WhatsApp session (440): stop it, " + restartHint,
	}
)

// ended says what an event means for the connection; nil = it goes on.
func ended(evt any, version string) *ending {
	switch e := evt.(type) {
	case *events.Disconnected:
		return errLost
	case *events.ManualLoginReconnect:
		return errRestart
	case *events.StreamReplaced:
		return errReplaced
	case *events.LoggedOut:
		return loggedOut(int(e.Reason))
	case *events.TemporaryBan:
		return banned(e)
	case *events.ClientOutdated:
		return &ending{status: 405, final: true, outdated: true, text: "WhatsApp refuses version " + version +
			" of the client as outdated (405): update clawdbot, or set whatsapp.clientVersion to the number that web.whatsapp.com has, " + restartHint}
	case *events.ConnectFailure:
		return &ending{
			status: int(e.Reason), text: fmt.Sprintf("WhatsApp refuses the connection (%d %s)", int(e.Reason), e.Message),
		}
	case *events.StreamError:
		return &ending{text: "WhatsApp ended the connection with error " + e.Code}
	}
	return nil
}

func loggedOut(reason int) *ending {
	e := &ending{status: reason, final: true, loggedOut: true}
	switch events.ConnectFailureReason(reason) {
	case events.ConnectFailureMainDeviceGone:
		e.text = "logged out: the phone's own account is gone or locked (403): look into WhatsApp on the phone, then run: clawdbot login"
	case events.ConnectFailureUnknownLogout:
		e.text = "logged out: WhatsApp has banned this account (406): look into WhatsApp on the phone, then run: clawdbot login"
	default:
		e.text = "logged out: the phone has removed this device (401): link it again with: clawdbot login"
	}
	return e
}

func banned(e *events.TemporaryBan) *ending {
	text := "WhatsApp has banned this account for a while (402: " + e.Code.String() + ")"
	if e.Expire > 0 {
		text += ", for " + e.Expire.Round(time.Minute).String()
	}
	return &ending{status: 402, final: true, text: text + ": wait, " + restartHint}
}
