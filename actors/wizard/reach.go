package wizard

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/clawdbot/gateway/transport/wire"
)

// defaultPort is the gateway's port where nothing else is said (protocol 1.1).
const defaultPort = 18789

// port is the port that the draft names.
func (d *Dialogue) port() int {
	if n, err := strconv.Atoi(d.draft.text("gateway.port")); err == nil {
		return n
	}
	return defaultPort
}

// listens is the port that the gateway will have: the environment goes before the file (protocol 1.1).
func (d *Dialogue) listens() int {
	if n, err := strconv.Atoi(d.o.Getenv("CLAWDBOT_GATEWAY_PORT")); err == nil {
		return n
	}
	return d.port()
}

func askReach(d *Dialogue) *wire.WizardStep {
	if d.remote() {
		return nil
	}
	return confirm("Change how clients reach the gateway (port, address, credential)? By default only programs on this computer can.", false)
}

func takeReach(d *Dialogue, v value) error {
	d.answers.reach = v.yes()
	return nil
}

func askPort(d *Dialogue) *wire.WizardStep {
	if !d.answers.reach {
		return nil
	}
	return textStep("Port", strconv.Itoa(d.port()), strconv.Itoa(defaultPort))
}

func takePort(d *Dialogue, v value) error {
	n, err := strconv.Atoi(v.text())
	if err != nil || n < 1 || n > 65535 {
		return errors.New("a port is a number from 1 to 65535")
	}
	if n != d.port() { // the default needs no line
		d.draft.set("gateway.port", n, false)
	}
	return nil
}

func (d *Dialogue) bind() string {
	if b := d.draft.text("gateway.bind"); b != "" {
		return b
	}
	return "loopback"
}

func askBind(d *Dialogue) *wire.WizardStep {
	if !d.answers.reach {
		return nil
	}
	return choice("Who can reach it?", d.bind(),
		option("loopback", "This computer only", "safest; others come through ssh -L or tailscale serve"),
		option("tailnet", "My tailnet", "the Tailscale address of this computer"),
		option("lan", "The local network", "every address of this computer; a credential is required"),
		option("auto", "Tailnet, else the local network", "a credential is required"))
}

func takeBind(d *Dialogue, v value) error {
	bind, err := oneOf(v, "loopback", "tailnet", "lan", "auto")
	if err == nil && bind != d.bind() {
		d.draft.set("gateway.bind", bind, false)
	}
	return err
}

func askAuth(d *Dialogue) *wire.WizardStep {
	if !d.answers.reach {
		return nil
	}
	initial, options := "token", []wire.WizardOption{
		option("token", "A token", "for programs and the page"), option("password", "A password", "one that you can remember"),
	}
	if d.bind() == "loopback" {
		options = append(options, option("off", "Nothing", "every program on this computer may connect"))
		if d.hasSecret() == "" {
			initial = "off"
		}
	}
	if kind := d.hasSecret(); kind != "" {
		initial = kind
	}
	return choice("What must a client show?", initial, options...)
}

// hasSecret is the kind of the credential that is set already.
func (d *Dialogue) hasSecret() string {
	for _, kind := range []string{"password", "token"} {
		if d.draft.text("gateway.auth."+kind) != "" {
			return kind
		}
	}
	return ""
}

func takeAuth(d *Dialogue, v value) error {
	allowed := []string{"token", "password"}
	if d.bind() == "loopback" {
		allowed = append(allowed, "off")
	}
	auth, err := oneOf(v, allowed...)
	if err != nil {
		return err
	}
	d.answers.auth = auth
	if auth == "off" {
		d.draft.drop("gateway.auth")
	}
	return nil
}

func askSecret(d *Dialogue) *wire.WizardStep {
	switch d.answers.auth {
	case "token":
		return secretStep("The token (empty = keep the one that is set, or make a new one)")
	case "password":
		return secretStep("The password (empty = keep the one that is set)")
	}
	return nil
}

func takeSecret(d *Dialogue, v value) error {
	kind, secret := d.answers.auth, v.text()
	path := "gateway.auth." + kind
	if secret == "" && d.draft.text(path) == "" {
		if kind == "password" {
			return errors.New("a password is needed")
		}
		secret = newToken()
	}
	if secret != "" {
		d.draft.set(path, secret, true)
	}
	for _, other := range []string{"token", "password"} {
		if other != kind {
			d.draft.drop("gateway.auth." + other)
		}
	}
	d.draft.set("gateway.auth.mode", kind, false)
	return nil
}

// newToken is a credential that nobody can guess.
func newToken() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
