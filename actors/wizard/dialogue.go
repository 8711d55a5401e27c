package wizard

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/clawdbot/gateway/transport/wire"
)

// How a dialogue stands (protocol 3.17).
const (
	Running   = "running"
	Done      = "done"
	Cancelled = "cancelled"
	Failed    = "error"
)

// Options say what a dialogue works on.
type Options struct {
	// Current is the config file as it is, secrets redacted. It may read the file.
	Current func(ctx context.Context) (Current, error)
	// Write gives the file a new text, as config.set does: what it does not name goes, a redacted secret stays.
	Write func(ctx context.Context, raw string) error
	// Surfaces are the messaging surfaces that this gateway can run.
	Surfaces []string
	// Models are the models, as provider/model, of servers on this computer that answer within ctx; nil = none are looked for.
	Models func(ctx context.Context) []string
	// Vendor tells whether the models of a vendor can be asked, "openai": its question is put. nil = none of any vendor can.
	Vendor func(name string) bool
	// Service installs the gateway as a service; nil = there is no service manager, and nobody is asked.
	Service Service
	// Pair lets the holder of a code in and says who that is; nil = no gateway runs that could know the code.
	Pair func(ctx context.Context, code string) (string, error)
	// Getenv reads the environment: a token in it needs no question.
	Getenv          func(string) string
	Version, Commit string
	Now             func() time.Time // nil = time.Now
}

// Current is a config file as the dialogue sees it.
type Current struct {
	Path    string
	Parsed  []byte // a JSON object, secrets redacted
	Problem string // why it cannot be edited; "" = it can
}

// Dialogue is one run of the setup. It is for one goroutine at a time.
type Dialogue struct {
	ID string

	o       Options
	params  wire.WizardStartParams
	path    string
	draft   draft
	answers answers
	at      int    // of the pending step in flow
	pending string // its id
	step    *wire.WizardStep
	status  string
	problem string
	late    string // what went wrong after the file was written
	told    string // why a question is asked again
}

// answers are what was said about steps that decide over later ones.
type answers struct {
	mode     string
	reach    bool // the person wants to change how the gateway is reached
	auth     string
	surfaces []string
	models   []string // that servers on this computer offer
	vendor   *vendor  // whose model is to answer; nil = none

	canInstall, install bool // as a service
	installed           string
	code, paired        string // of a person who wrote; who that is
}

// errNoStep answers somebody who answers a question that is not asked.
var errNoStep = wire.InvalidRequest("Error: wizard: no pending step")

// errStopped ends a dialogue on the person's wish.
var errStopped = errors.New("cancelled")

// Start begins a dialogue and asks its first question.
func Start(ctx context.Context, o Options, p wire.WizardStartParams) *Dialogue {
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Dialogue{ID: uuid.NewString(), o: o, params: p, status: Running, at: -1}
	now, err := o.Current(ctx)
	if err == nil && now.Problem != "" {
		err = errors.New("the config file " + now.Problem + "; mend it first")
	}
	if err == nil {
		d.path = now.Path
		d.draft, err = parseDraft(now.Parsed)
	}
	if err != nil {
		d.end(err)
		return d
	}
	d.advance(ctx)
	return d
}

// StepID is the id of the step of a dialogue that has this key; the keys are listed in the documentation of
// `clawdbot onboard`. It lets a program answer without looking at the words of a question.
func StepID(dialogue, key string) string {
	space, _ := uuid.Parse(dialogue) // any other text gives ids that match nothing
	return uuid.NewSHA1(space, []byte(key)).String()
}

// Next takes an answer, or none, and returns what is asked next. The error is a *wire.Error.
func (d *Dialogue) Next(ctx context.Context, a *wire.WizardAnswer) (wire.WizardResult, error) {
	if a != nil {
		switch {
		case d.status != Running:
			return wire.WizardResult{}, wire.InvalidRequest("wizard not running")
		case a.StepID != d.pending:
			return wire.WizardResult{}, errNoStep
		}
		if err := flow[d.at].take(d, value(a.Value)); err != nil {
			d.end(err)
		} else {
			d.advance(ctx)
		}
	}
	return d.Result(), nil
}

// Result is the pending step, or the end.
func (d *Dialogue) Result() wire.WizardResult {
	return wire.WizardResult{Done: d.status != Running, Step: d.step, Status: d.status, Error: d.problem}
}

// Cancel ends the dialogue. What is not written by then is not written.
func (d *Dialogue) Cancel() { d.end(errStopped) }

// advance finds the next step that has something to ask.
func (d *Dialogue) advance(ctx context.Context) {
	for d.at++; d.at < len(flow); d.at++ {
		s := flow[d.at]
		if s.do != nil {
			switch err := s.do(ctx, d); {
			case errors.Is(err, errAgain):
				d.at -= 2
			case err != nil:
				d.end(err)
				return
			}
			continue
		}
		if q := s.ask(d); q != nil {
			q.ID, q.Executor = StepID(d.ID, s.key), "client"
			d.step, d.pending = q, q.ID
			return
		}
	}
	d.step, d.status, d.problem = nil, Done, d.late
}

func (d *Dialogue) end(err error) {
	if d.status != Running {
		return
	}
	d.step, d.status, d.problem = nil, Failed, "Error: "+err.Error()
	if errors.Is(err, errStopped) {
		d.status, d.problem = Cancelled, Cancelled
	}
}
