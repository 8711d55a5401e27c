package wizard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/transport/wire"
)

// step is one place of the flow: a question (ask, take), or something done without one (do).
type step struct {
	key  string
	ask  func(d *Dialogue) *wire.WizardStep // nil = nothing to ask here
	take func(d *Dialogue, v value) error   // an error ends the dialogue
	do   func(ctx context.Context, d *Dialogue) error
}

// flow is the whole dialogue, in its order.
var flow = slices.Concat([]step{
	{key: "intro", ask: askIntro, take: taken},
	{key: "mode", ask: askMode, take: takeMode},
	{key: "remote.url", ask: askRemoteURL, take: takeRemoteURL},
	{key: "remote.token", ask: askRemoteToken, take: takeRemoteToken},
	{key: "workspace", ask: askWorkspace, take: takeWorkspace},
	{key: "reach", ask: askReach, take: takeReach},
	{key: "gateway.port", ask: askPort, take: takePort},
	{key: "gateway.bind", ask: askBind, take: takeBind},
	{key: "gateway.auth", ask: askAuth, take: takeAuth},
	{key: "gateway.secret", ask: askSecret, take: takeSecret},
	{do: lookForModels},
	{key: "model", ask: askModel, take: takeModel},
	{key: "model.name", ask: askModelName, take: takeModelName},
	{key: "model.key", ask: askModelKey, take: takeModelKey},
	{key: "surfaces", ask: askSurfaces, take: takeSurfaces},
}, surfaceSteps(), []step{
	{do: lookForService},
	{key: "service", ask: askService, take: takeService},
	{key: "write", ask: askWrite, take: takeWrite},
	{do: write}, // nothing below ends in an error: what is written stays
	{do: install},
	{key: "service.done", ask: askInstalled, take: taken},
	{key: "whatsapp.link", ask: askLink, take: taken},
	{key: "pair", ask: askPair, take: takePair},
	{do: pair},
	{key: "pair.done", ask: askPaired, take: taken},
})

func taken(*Dialogue, value) error { return nil }

func note(title, message string) *wire.WizardStep {
	return &wire.WizardStep{Type: "note", Title: title, Message: message}
}

func textStep(message, initial, placeholder string) *wire.WizardStep {
	return &wire.WizardStep{Type: "text", Message: message, InitialValue: raw(initial), Placeholder: placeholder}
}

func secretStep(message string) *wire.WizardStep {
	return &wire.WizardStep{Type: "text", Message: message, InitialValue: raw(""), Sensitive: true}
}

func confirm(message string, initial bool) *wire.WizardStep {
	return &wire.WizardStep{Type: "confirm", Message: message, InitialValue: raw(initial)}
}

func choice(message, initial string, options ...wire.WizardOption) *wire.WizardStep {
	return &wire.WizardStep{Type: "select", Message: message, InitialValue: raw(initial), Options: options}
}

func option(value, label, hint string) wire.WizardOption {
	return wire.WizardOption{Value: raw(value), Label: label, Hint: hint}
}

// oneOf takes the answer of a select.
func oneOf(v value, options ...string) (string, error) {
	if s := v.text(); slices.Contains(options, s) {
		return s, nil
	}
	return "", fmt.Errorf("choose one of %s", strings.Join(options, ", "))
}

func askIntro(d *Dialogue) *wire.WizardStep {
	return note("Setup", "This asks a few questions and then changes "+d.path+
		". Nothing is written before you have seen the changes and agreed.")
}

func askMode(d *Dialogue) *wire.WizardStep {
	if d.params.Mode != "" {
		d.answers.mode = d.params.Mode
		return nil
	}
	initial := "local"
	if d.draft.text("gateway.mode") == "remote" {
		initial = "remote"
	}
	return choice("Where does the gateway run?", initial,
		option("local", "On this computer", "it owns your messaging accounts"),
		option("remote", "On another computer", "this one is only a client of it"))
}

func takeMode(d *Dialogue, v value) (err error) {
	d.answers.mode, err = oneOf(v, "local", "remote")
	return err
}

func (d *Dialogue) remote() bool { return d.answers.mode == "remote" }

func askRemoteURL(d *Dialogue) *wire.WizardStep {
	if !d.remote() {
		return nil
	}
	initial := d.draft.text("gateway.remote.url")
	if initial == config.Redacted {
		return textStep("Address of the gateway (empty = the one that is set)", "", "wss://gateway.example.net")
	}
	return textStep("Address of the gateway", initial, "wss://gateway.example.net")
}

func takeRemoteURL(d *Dialogue, v value) error {
	if v.text() == "" && d.draft.text("gateway.remote.url") != "" {
		return nil
	}
	u, err := url.Parse(v.text())
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the address of a gateway looks like ws://192.0.2.7:18789 or wss://gateway.example.net; its token is asked for next")
	}
	d.draft.set("gateway.remote.url", v.text(), false)
	return nil
}

func askRemoteToken(d *Dialogue) *wire.WizardStep {
	if !d.remote() {
		return nil
	}
	return secretStep("Its token (empty = none, or the one that is set)")
}

func takeRemoteToken(d *Dialogue, v value) error {
	if token := v.text(); token != "" {
		d.draft.set("gateway.remote.token", token, true)
	}
	return nil
}

func askWorkspace(d *Dialogue) *wire.WizardStep {
	if d.remote() {
		return nil
	}
	initial := d.params.Workspace
	if initial == "" {
		initial = d.draft.text("agent.workspace")
	}
	if initial == "" {
		initial = "~/clawd"
	}
	return textStep("Folder in which the agent works", initial, "~/clawd")
}

func takeWorkspace(d *Dialogue, v value) error {
	dir := v.text()
	if dir == "" {
		return errors.New("the agent needs a folder to work in")
	}
	d.draft.set("agent.workspace", dir, false)
	return nil
}

func askWrite(d *Dialogue) *wire.WizardStep {
	d.draft.set("gateway.mode", d.answers.mode, false)
	return confirm("These lines of "+d.path+" change:\n"+d.draft.summary()+"\n\nAfterwards:\n"+d.afterwards()+"\n\nWrite them?", true)
}

func takeWrite(d *Dialogue, v value) error {
	if !v.yes() {
		return errStopped
	}
	return nil
}

// write puts the draft into the file, with a note of when and by what it was made.
func write(ctx context.Context, d *Dialogue) error {
	for _, n := range []struct{ key, value string }{
		{"At", d.o.Now().UTC().Format(time.RFC3339)}, {"Version", d.o.Version}, {"Commit", d.o.Commit},
		{"Command", "onboard"}, {"Mode", d.answers.mode},
	} {
		if n.value != "" {
			put(d.draft.root, []string{"wizard", "lastRun" + n.key}, raw(n.value))
		}
	}
	var text bytes.Buffer // indented, for a file that does not exist yet
	if err := json.Indent(&text, raw(d.draft.root), "", "  "); err != nil {
		return err
	}
	return d.o.Write(ctx, text.String())
}
