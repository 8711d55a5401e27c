package main

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

// scanFlags are those of `models scan`.
type scanFlags struct {
	clientFlags
	provider   string
	probe      bool
	limit      int
	setDefault string
	fallbacks  []string
	ask        bool
}

// scannedModel is one line of what a scan found.
type scannedModel struct {
	wire.ModelInfo
	Probe *wire.ModelsProbeResult `json:"probe,omitempty"`
}

// scanReport is what `models scan --json` prints.
type scanReport struct {
	Providers []wire.ScannedProvider `json:"providers"`
	Models    []scannedModel         `json:"models"`
}

func (a *app) modelsScanCommand() *cobra.Command {
	f := scanFlags{clientFlags: clientFlags{timeout: modelsTimeout}}
	c := &cobra.Command{
		Use:   "scan",
		Short: "Ask the providers that can be asked what they offer, and choose from it",
		Long: "Ask every provider that has a key, and the model servers on this computer, what they offer.\n\n" +
			"With --probe the first --limit models of servers that want no key, or of --provider, answer a few words and show whether they\n" +
			"call tools and take pictures. On a terminal you are then asked which one is to answer, unless a flag says it.",
		Example: "  clawdbot models scan --provider ollama --probe --set-default first",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.ask = !f.json && f.setDefault == "" && len(f.fallbacks) == 0 && isTerminal(a.out)
			return a.scanModels(c, f)
		},
	}
	c.Flags().StringVar(&f.provider, "provider", "", "ask only this one")
	c.Flags().BoolVar(&f.probe, "probe", false, "have models show what they can do; a few requests each")
	c.Flags().IntVar(&f.limit, "limit", 5, "how many models to probe")
	c.Flags().StringVar(&f.setDefault, "set-default", "", "MODEL of the answer that is to answer from now on, or first: the first that answers")
	c.Flags().StringSliceVar(&f.fallbacks, "add-fallback", nil, "MODEL of the answer to try when the default fails; may be given more than once")
	f.register(c)
	return c
}

func (a *app) scanModels(c *cobra.Command, f scanFlags) error {
	var found wire.ModelsScanResult
	if err := ask(a, c, f.clientFlags, "models.scan", wire.ModelsScanParams{Provider: f.provider}, &found); err != nil {
		return err
	}
	r := scanReport{Providers: found.Providers, Models: []scannedModel{}}
	for i := range r.Providers {
		for _, m := range r.Providers[i].Models {
			r.Models = append(r.Models, scannedModel{ModelInfo: m})
		}
		r.Providers[i].Models = []wire.ModelInfo{}
	}
	if f.probe {
		if err := a.probeScanned(c, f, r.Models); err != nil {
			return err
		}
	}
	if f.json {
		if err := printValue(a.out, r); err != nil {
			return err
		}
	} else if err := a.showScan(r); err != nil {
		return err
	}
	return a.chooseScanned(c, f, r.Models)
}

// probeScanned probes the first models: of the provider that was named, or of those that cost nothing to ask.
func (a *app) probeScanned(c *cobra.Command, f scanFlags, models []scannedModel) error {
	free, n := map[string]bool{f.provider: true}, 0
	if f.provider == "" {
		var status wire.ModelsStatusResult
		if err := ask(a, c, f.clientFlags, "models.status", struct{}{}, &status); err != nil {
			return err
		}
		for _, p := range status.Providers {
			free[p.Provider] = p.Source == "not needed"
		}
	}
	for i, m := range models {
		if n == f.limit || !free[m.Provider] {
			continue
		}
		n++
		p := wire.ModelsProbeParams{Model: m.Provider + "/" + m.ID, Tools: true, Images: true}
		models[i].Probe = &wire.ModelsProbeResult{}
		if err := ask(a, c, f.clientFlags, "models.probe", p, models[i].Probe); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showScan(r scanReport) error {
	t := a.newTable("PROVIDER", "ANSWERS", "AFTER", "ERROR")
	for _, p := range r.Providers {
		t.row(p.Provider, yes(p.OK, "yes", orElse(p.Kind, "no")), fmt.Sprint(p.LatencyMs, " ms"), orElse(p.Error, "-"))
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if len(r.Models) == 0 {
		_, err := fmt.Fprintln(a.out, "Nobody offers a model. Start Ollama on this computer, or set a key: docs/models.md says how.")
		return err
	}
	t = a.newTable("", "MODEL", "CONTEXT", "ANSWERS", "TOOLS", "PICTURES")
	for i, m := range r.Models {
		window, answers, tools, images := "-", "-", "-", "-"
		if m.ContextWindow != nil {
			window = fmt.Sprint(*m.ContextWindow)
		}
		if p := m.Probe; p != nil {
			answers = yes(p.OK, fmt.Sprint(p.LatencyMs, " ms"), orElse(p.Kind, "no"))
			tools, images = orElse(p.Tools, "-"), orElse(p.Images, "-")
		}
		t.row(fmt.Sprint(i+1), m.Provider+"/"+m.ID, window, answers, tools, images)
	}
	return t.flush()
}

// chooseScanned puts what the flags, or the person, say into the config file.
func (a *app) chooseScanned(c *cobra.Command, f scanFlags, models []scannedModel) error {
	var names []string
	first := ""
	for _, m := range models {
		names = append(names, m.Provider+"/"+m.ID)
		if first == "" && (m.Probe == nil || m.Probe.OK) {
			first = m.Provider + "/" + m.ID
		}
	}
	choice := f.setDefault
	switch {
	case choice == "first" && first == "":
		return errors.New("no model was found that could be the default")
	case choice == "first":
		choice = first
	case f.ask && len(names) > 0:
		line, err := a.askModel(names)
		if err != nil || line == "" {
			return err
		}
		choice = line
	}
	for _, name := range append([]string{choice}, f.fallbacks...) {
		if name != "" && !slices.Contains(names, name) {
			return fmt.Errorf("%s is not among the models that were found; nothing was changed", name)
		}
	}
	if choice == "" && len(f.fallbacks) == 0 {
		return nil
	}
	tell := *a
	if f.json { // what standard output has is the JSON alone
		f.json, tell.out = false, a.err
	}
	return tell.editConfig(c, f.clientFlags, func(root any) (any, error) {
		var err error
		if choice != "" {
			if root, err = setAt(root, []string{"agent", "model"}, choice); err != nil {
				return nil, err
			}
		}
		have, _ := lookUp(root, []string{"agent", "modelFallbacks"})
		list, _ := have.([]any)
		for _, name := range f.fallbacks {
			if !slices.Contains(list, any(name)) {
				list = append(list, name)
			}
		}
		if len(f.fallbacks) == 0 {
			return root, nil
		}
		return setAt(root, []string{"agent", "modelFallbacks"}, list)
	})
}

// askModel asks which of the models is to answer; "" = none.
func (a *app) askModel(names []string) (string, error) {
	p := &prompter{in: a.in, lines: bufio.NewReader(a.in), out: a.out}
	for {
		fmt.Fprint(a.out, "\nWhich one is to answer from now on? Number, or Enter to leave it as it is: ")
		line, err := p.line(false)
		if errors.Is(err, errInputEnded) || line == "" {
			fmt.Fprintln(a.out)
			return "", nil
		}
		if err != nil {
			return "", err
		}
		for i, name := range names {
			if line == fmt.Sprint(i+1) || strings.EqualFold(line, name) {
				return name, nil
			}
		}
		fmt.Fprintf(a.out, "Type a number from 1 to %d.\n", len(names))
	}
}
