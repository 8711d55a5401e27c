package wizard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

const (
	modelsWithin = 1500 * time.Millisecond // what a server on this computer has to answer
	mostOffered  = 20                      // models in the question
	keepModel    = "keep"
)

// lookForModels sees whether a model server runs on this computer. Who has none is not asked about it.
func lookForModels(ctx context.Context, d *Dialogue) error {
	if d.remote() || d.o.Models == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, modelsWithin)
	defer cancel()
	d.answers.models = d.o.Models(ctx)
	return nil
}

func askModel(d *Dialogue) *wire.WizardStep {
	if len(d.answers.models) == 0 {
		return nil
	}
	now := d.draft.text("agent.model")
	keep := option(keepModel, "Leave it as it is", "the built-in runner, which repeats what you write")
	if now != "" && now != "builtin" {
		keep.Hint = now
	}
	options := []wire.WizardOption{keep}
	for _, name := range d.answers.models[:min(mostOffered, len(d.answers.models))] {
		provider, _, _ := strings.Cut(name, "/")
		options = append(options, option(name, name, provider+" runs on this computer; nothing leaves it, no key is needed"))
	}
	initial := keepModel
	if slices.Contains(d.answers.models, now) {
		initial = now
	}
	return choice("A model server runs on this computer. Which model answers?", initial, options...)
}

func takeModel(d *Dialogue, v value) error {
	switch name := v.text(); {
	case name == keepModel:
		return nil
	case !slices.Contains(d.answers.models, name):
		return errors.New("choose one of the models that were offered")
	default:
		d.draft.set("agent.model", name, false)
		return nil
	}
}
