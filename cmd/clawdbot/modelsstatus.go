package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// modelsTimeout is what a call may take in which models are asked.
const modelsTimeout = 30 * time.Second

// modelsReport is what `models status --json` prints: what the configuration says, and how it is.
type modelsReport struct {
	agentModels
	Chosen    []wire.ChosenModel         `json:"chosen"`
	Providers []wire.ModelProviderStatus `json:"providers"`
	Probes    []wire.ModelsProbeResult   `json:"probes,omitempty"`
	Scans     []wire.ScannedProvider     `json:"scans,omitempty"`
}

func (a *app) modelsStatusCommand() *cobra.Command {
	f := clientFlags{timeout: modelsTimeout}
	var probe bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show which models are chosen, and whether their providers can be asked",
		Long: "Show which models are chosen, where each provider's key comes from (never the key), and when a login ends.\n\n" +
			"With --probe each chosen model is asked to answer one word, and every other provider that has a key what it offers;\n" +
			"the exit code is 1 when one that was chosen does not answer.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := a.modelsReport(c, f, probe)
			if err != nil {
				return err
			}
			if f.json {
				if err := printValue(a.out, r); err != nil {
					return err
				}
			} else if err := a.showModelsReport(r); err != nil {
				return err
			}
			return r.failure()
		},
	}
	c.Flags().BoolVar(&probe, "probe", false, "ask each chosen model, and each provider that has a key, now")
	f.register(c)
	return c
}

func (a *app) modelsReport(c *cobra.Command, f clientFlags, probe bool) (r modelsReport, err error) {
	if r.agentModels, err = a.chosenModels(c, f); err != nil {
		return r, err
	}
	var status wire.ModelsStatusResult
	if err := ask(a, c, f, "models.status", struct{}{}, &status); err != nil {
		return r, err
	}
	r.Chosen, r.Providers = status.Chosen, status.Providers
	if !probe {
		return r, nil
	}
	var asked []string
	for _, m := range r.Chosen {
		if m.Model == "builtin" || slices.Contains(asked, m.Model) {
			continue
		}
		asked = append(asked, m.Model)
		var result wire.ModelsProbeResult
		if err := ask(a, c, f, "models.probe", wire.ModelsProbeParams{Model: m.Model}, &result); err != nil {
			return r, err
		}
		r.Probes = append(r.Probes, result)
	}
	for _, p := range r.Providers {
		chosen := slices.ContainsFunc(asked, func(name string) bool { return strings.HasPrefix(name, p.Provider+"/") })
		if chosen || p.Problem != "" || p.Source == "not needed" {
			continue
		}
		var result wire.ModelsScanResult
		if err := ask(a, c, f, "models.scan", wire.ModelsScanParams{Provider: p.Provider}, &result); err != nil {
			return r, err
		}
		for _, s := range result.Providers {
			s.Models = nil
			r.Scans = append(r.Scans, s)
		}
	}
	return r, nil
}

// ask makes one call and decodes its answer.
func ask(a *app, c *cobra.Command, f clientFlags, method string, params, result any) error {
	payload, err := a.call(c.Context(), f, method, params)
	if err != nil {
		return err
	}
	if err := wire.Unmarshal(payload, result); err != nil {
		return fmt.Errorf("%s: the answer has another form than this version knows: %w", method, err)
	}
	return nil
}

// failure is the error of a report in which a chosen model does not answer.
func (r modelsReport) failure() error {
	bad := 0
	for _, p := range r.Probes {
		if !p.OK {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d chosen models do not answer", bad, len(r.Probes))
}

func (a *app) showModelsReport(r modelsReport) error {
	t := a.newTable()
	t.row("Model", orElse(r.Model, "builtin"))
	t.row("Fallbacks", orElse(strings.Join(r.ModelFallbacks, ", "), "none"))
	t.row("Model for pictures", orElse(r.ImageModel, "the same"))
	t.row("Its fallbacks", orElse(strings.Join(r.ImageModelFallbacks, ", "), "none"))
	t.row("Aliases", orElse(aliasText(r.ModelAliases), "none of your own"))
	t.row("Allowed", orElse(strings.Join(r.AllowedModels, ", "), "all"))
	if err := t.flush(); err != nil {
		return err
	}
	for _, m := range r.Chosen {
		if m.Error != "" {
			fmt.Fprintln(a.out, printable("\n"+m.Model+" ("+m.Use+"): "+m.Error))
		}
	}
	fmt.Fprintln(a.out)
	t = a.newTable("PROVIDER", "KEY", "MODELS", "STATE")
	for _, p := range r.Providers {
		t.row(p.Provider, p.Source, fmt.Sprint(p.Models), providerState(p, time.Now()))
		for _, id := range slices.Sorted(maps.Keys(p.ModelCircuits)) {
			t.row(p.Provider+"/"+id, "", "", circuitState(p.ModelCircuits[id], time.Now()))
		}
	}
	if err := t.flush(); err != nil || len(r.Probes)+len(r.Scans) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	t = a.newTable("ASKED", "ANSWER", "AFTER", "ERROR")
	for _, p := range r.Probes {
		t.row(p.Model, yes(p.OK, "yes", orElse(p.Kind, "no")), fmt.Sprint(p.LatencyMs, " ms"), orElse(p.Error, "-"))
	}
	for _, s := range r.Scans {
		t.row(s.Provider, yes(s.OK, "yes", orElse(s.Kind, "no")), fmt.Sprint(s.LatencyMs, " ms"), orElse(s.Error, "-"))
	}
	return t.flush()
}

// providerState is how a provider stands, in words.
func providerState(p wire.ModelProviderStatus, now time.Time) string {
	if p.Problem != "" {
		return p.Problem
	}
	if c := p.Circuit; c != nil {
		return circuitState(*c, now)
	}
	if p.ExpiresAt == nil {
		return "ready"
	}
	left := time.UnixMilli(*p.ExpiresAt).Sub(now)
	switch {
	case p.Renewable && left <= 0:
		return "ready; the login is renewed with the next request"
	case p.Renewable:
		return "ready; the login is renewed by itself, next in " + short(left)
	}
	return "ready; the login ends in " + short(left)
}

// circuitState is how a provider or a model stands that is down, in words.
func circuitState(c wire.ModelCircuit, now time.Time) string {
	return fmt.Sprintf("down for %s: %d requests in a row have failed (%s); next try %s", short(now.Sub(time.UnixMilli(c.Since))), c.Failures, c.Error,
		yes(c.RetryAt > now.UnixMilli(), "in "+short(time.UnixMilli(c.RetryAt).Sub(now)), "with the next request"))
}
