package wizard

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// serviceWithin is what a service manager has for an answer: one that hangs keeps nobody in the dialogue.
const serviceWithin = 30 * time.Second

// Service is the service manager of this computer, for the gateway of this configuration.
type Service interface {
	// Installed says whether it has the gateway already.
	Installed(ctx context.Context) bool
	// Install has it start the gateway with the person's login, and says in a sentence what is there now.
	Install(ctx context.Context) (string, error)
}

// switchOn has a surface that was chosen count as configured.
func switchOn(s surface) func(context.Context, *Dialogue) error {
	return func(_ context.Context, d *Dialogue) error {
		if !d.wants(s.name) {
			return nil
		}
		section, _, _ := strings.Cut(s.enabled, ".") // WhatsApp's switch is that of its link
		if d.draft.get(s.name) == nil && d.draft.get(section) == nil || d.draft.text(s.enabled) == "false" {
			d.draft.set(s.enabled, true, false)
		}
		return nil
	}
}

// lookForService sees whether there is something to ask about.
func lookForService(ctx context.Context, d *Dialogue) error {
	ctx, cancel := context.WithTimeout(ctx, serviceWithin)
	defer cancel()
	d.answers.canInstall = !d.remote() && d.o.Service != nil && !d.o.Service.Installed(ctx)
	return nil
}

func askService(d *Dialogue) *wire.WizardStep {
	if !d.answers.canInstall {
		return nil
	}
	return confirm("Install the gateway as a service of yours? It starts with your login, and again after a crash.", true)
}

func takeService(d *Dialogue, v value) error {
	d.answers.install = v.yes()
	return nil
}

// install does what was agreed. The file is written by then: what fails here ends nothing.
func install(ctx context.Context, d *Dialogue) error {
	if !d.answers.install {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, serviceWithin)
	defer cancel()
	said, err := d.o.Service.Install(ctx)
	if err != nil {
		said = "The service could not be installed: " + err.Error() + "\nTry it by itself: clawdbot service install"
		d.late = "Error: the service could not be installed: " + err.Error()
	}
	d.answers.installed = said
	return nil
}

func askInstalled(d *Dialogue) *wire.WizardStep {
	if d.answers.installed == "" {
		return nil
	}
	return note("Service", d.answers.installed)
}

// stays says whether this dialogue can go on after the file is written: a gateway whose port or address changes starts
// anew, and forgets it.
func (d *Dialogue) stays() bool {
	return !slices.ContainsFunc(d.draft.changed, func(c change) bool { return c.path == "gateway.port" || c.path == "gateway.bind" })
}

func askLink(d *Dialogue) *wire.WizardStep {
	if !d.wants("whatsapp") || !d.stays() {
		return nil
	}
	return note("WhatsApp", "The phone is linked with a code: press Link on the page, or run clawdbot login in a terminal.\n"+
		"On the phone: Settings, Linked devices, Link a device.")
}

func askPair(d *Dialogue) *wire.WizardStep {
	if d.o.Pair == nil || !d.strangers() || !d.stays() {
		return nil
	}
	q := textStep(d.told+"Write to the agent now on "+d.labels()+", as the person who is to be let in. It answers with a code of eight characters. "+
		"The code (empty = later: clawdbot pairing approve CODE)", "", "ABCD2345")
	q.Title = "Pairing"
	return q
}

// labels are the chosen surfaces, for a person.
func (d *Dialogue) labels() string {
	var all []string
	for _, k := range known {
		if d.wants(k.name) {
			all = append(all, k.label)
		}
	}
	return strings.Join(all, " or ")
}

func takePair(d *Dialogue, v value) error {
	d.answers.code = strings.ToUpper(v.text())
	return nil
}

// pair lets the holder of the code in. A wrong one is asked for again: the file is written, and the dialogue goes on.
func pair(ctx context.Context, d *Dialogue) error {
	code := d.answers.code
	if d.answers.code = ""; code == "" {
		return nil
	}
	who, err := d.o.Pair(ctx, code)
	if err != nil {
		d.told = "That did not work: " + err.Error() + ".\n"
		return errAgain
	}
	d.answers.paired = who
	return nil
}

func askPaired(d *Dialogue) *wire.WizardStep {
	if d.answers.paired == "" {
		return nil
	}
	return note("Pairing", d.answers.paired+" may write to the agent now.")
}

// errAgain asks the question before once more.
var errAgain = errors.New("again")

// afterwards is what to do when the file is written.
func (d *Dialogue) afterwards() string {
	if d.remote() {
		return "See whether the other gateway answers: clawdbot health"
	}
	lines := []string{"A gateway that runs takes the changes over by itself; else start it: clawdbot gateway"}
	if d.answers.install {
		lines = []string{"The gateway is installed as a service. What it says: clawdbot service logs"}
	}
	if d.wants("whatsapp") {
		lines = append(lines, "Link the phone, on the page or with: clawdbot login")
	}
	if d.strangers() {
		lines = append(lines, "Write to the agent on "+d.labels()+". A sender who is not on the list gets a code: clawdbot pairing approve CODE")
	}
	if len(d.answers.surfaces) == 0 {
		lines = append(lines, "Talk to it in the browser: http://127.0.0.1:"+strconv.Itoa(d.listens()))
	}
	return strings.Join(lines, "\n")
}
