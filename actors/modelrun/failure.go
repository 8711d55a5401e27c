package modelrun

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/wire"
)

// failure is a model that did not answer.
type failure struct {
	name string
	err  error
}

// combined is the error of a turn: one model's own, or all of them (providers d.1).
func (r Runner) combined(all []failure) error {
	var each []string
	var errs []error
	for _, f := range all {
		text := f.name + ": " + f.err.Error()
		if advice := r.advice(f); advice != "" {
			text = strings.TrimRight(text, ".") + advice
		}
		each, errs = append(each, text), append(errs, f.err)
	}
	text := each[0]
	if len(all) > 1 {
		text = fmt.Sprintf("All models failed (%d): %s", len(all), strings.Join(each, " | "))
	}
	s := several{text, errs}
	if down := downOf(all); len(down.Providers) > 0 {
		return unreachable{s, down}
	}
	return s
}

// downOf are the models that were not asked because they or their providers are down.
func downOf(all []failure) (d wire.ModelsDownDetails) {
	for _, f := range all {
		e, ok := errors.AsType[*model.Error](f.err)
		if !ok || e.Kind != model.Down {
			continue
		}
		d.Models = append(d.Models, f.name)
		provider, _, _ := strings.Cut(f.name, "/")
		if !slices.Contains(d.Providers, provider) {
			d.Providers = append(d.Providers, provider)
		}
		if at := time.Now().Add(e.RetryAfter).UnixMilli(); d.RetryAt == 0 || at < d.RetryAt {
			d.RetryAt = at
		}
	}
	return d
}

// unreachable is the error when models or providers are down. It is an agent.Detailed.
type unreachable struct {
	several
	down wire.ModelsDownDetails
}

func (u unreachable) Details() any { return u.down }

// several is the error of one model or more.
type several struct {
	text string
	errs []error
}

func (s several) Error() string   { return s.text }
func (s several) Unwrap() []error { return s.errs }

// advice is what to do about a failure.
func (r Runner) advice(f failure) string {
	provider, id, _ := strings.Cut(f.name, "/")
	e, ok := errors.AsType[*model.Error](f.err)
	if !ok {
		return ""
	}
	switch e.Kind {
	case model.BadKey:
		if e.Status != 0 {
			return ". Check the key of " + provider + ": models.providers." + provider + ".apiKey, or its environment variable"
		}
	case model.UnknownModel:
		if near := r.Models.Near(provider, id); len(near) > 0 {
			return ". Did you mean " + strings.Join(near, " or ") + "?"
		}
		return ". See the models there are: clawdbot models list"
	case model.NoQuota:
		return ". The account at " + provider + " has nothing left to spend"
	case model.Overflow:
		return ". The conversation does not fit; begin a new one with /new"
	case model.Unreachable:
		return ". Is the server of " + provider + " running? Its address is models.providers." + provider + ".baseUrl"
	}
	return ""
}
