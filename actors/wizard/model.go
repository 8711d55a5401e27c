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

// vendor is a company whose models answer over the internet.
type vendor struct {
	name, label string
	env         []string // the variables that may have its key
	model       string   // to begin with
}

var vendors = []vendor{
	{"anthropic", "Anthropic", []string{"ANTHROPIC_API_KEY", "ANTHROPIC_OAUTH_TOKEN"}, "claude-opus-4-5"},
	{"openai", "OpenAI", []string{"OPENAI_API_KEY"}, "gpt-5.2"},
	{"google", "Google Gemini", []string{"GEMINI_API_KEY"}, "gemini-3-pro-preview"},
	{"openrouter", "OpenRouter", []string{"OPENROUTER_API_KEY"}, ""},
}

// vendors are those whose models this program can ask.
func (d *Dialogue) vendors() (can []vendor) {
	for _, v := range vendors {
		if d.o.Vendor != nil && d.o.Vendor(v.name) {
			can = append(can, v)
		}
	}
	return can
}

// lookForModels sees whether a model server runs on this computer.
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
	if d.remote() || len(d.answers.models) == 0 && len(d.vendors()) == 0 {
		return nil
	}
	now := d.draft.text("agent.model")
	keep := option(keepModel, "Leave it as it is", "the built-in runner, which repeats what you write")
	if now != "" && now != "builtin" {
		keep.Hint = now
	}
	message, options := "Which model answers?", []wire.WizardOption{keep}
	for _, name := range d.answers.models[:min(mostOffered, len(d.answers.models))] {
		provider, _, _ := strings.Cut(name, "/")
		options = append(options, option(name, name, provider+" runs on this computer; nothing leaves it, no key is needed"))
	}
	switch {
	case len(d.answers.models) > 0:
		message = "A model server runs on this computer. " + message
	case d.o.Models != nil:
		message += " No model server (Ollama, LM Studio) was found on this computer."
	}
	for _, v := range d.vendors() {
		options = append(options, option(v.name, v.label, "over the internet, with a key of yours"))
	}
	initial := keepModel
	if slices.Contains(d.answers.models, now) {
		initial = now
	}
	return choice(message, initial, options...)
}

func takeModel(d *Dialogue, v value) error {
	name := v.text()
	for _, v := range d.vendors() {
		if v.name == name {
			d.answers.vendor = &v
			return nil
		}
	}
	switch {
	case name == keepModel:
		return nil
	case !slices.Contains(d.answers.models, name):
		return errors.New("choose one of the models that were offered")
	}
	d.draft.set("agent.model", name, false)
	return nil
}

func askModelName(d *Dialogue) *wire.WizardStep {
	v := d.answers.vendor
	if v == nil {
		return nil
	}
	initial := v.model
	if provider, id, _ := strings.Cut(d.draft.text("agent.model"), "/"); provider == v.name {
		initial = id
	}
	return textStep("Which model of "+v.label+", by its name there?", initial, v.model)
}

func takeModelName(d *Dialogue, v value) error {
	name := strings.TrimPrefix(v.text(), d.answers.vendor.name+"/")
	if name == "" || strings.ContainsAny(name, " \t\n") {
		return errors.New("a model has a name without spaces, like claude-opus-4-5")
	}
	d.draft.set("agent.model", d.answers.vendor.name+"/"+name, false)
	return nil
}

func (v vendor) keyPath() string { return "models.providers." + v.name + ".apiKey" }

func askModelKey(d *Dialogue) *wire.WizardStep {
	v := d.answers.vendor
	if v == nil || slices.ContainsFunc(v.env, func(name string) bool { return d.o.Getenv(name) != "" }) {
		return nil
	}
	if d.draft.text(v.keyPath()) != "" {
		return secretStep("Key of " + v.label + " (empty = the one that is set)")
	}
	return secretStep("Key of " + v.label + " (empty = it comes later, as " + v.env[0] + " in the environment of the gateway)")
}

func takeModelKey(d *Dialogue, v value) error {
	key := v.text()
	if strings.ContainsAny(key, " \t\n") {
		return errors.New("a key has no spaces in it: was something else copied with it?")
	}
	if key != "" {
		d.draft.set(d.answers.vendor.keyPath(), key, true)
	}
	return nil
}
