package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) modelsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "models",
		Short: "See and choose the models that answer",
		Long:  "See and choose the models that answer. MODEL is provider/model, or an alias. Changes go into the config file.",
	}
	c.AddCommand(
		a.modelsListCommand(), a.modelsStatusCommand(), a.modelsScanCommand(),
		a.modelsSetCommand("set", "Choose the model that answers", "agent.model"),
		a.modelsSetCommand("set-image", "Choose the model for messages with pictures", "agent.imageModel"),
		a.aliasesCommand(),
		a.fallbacksCommand("fallbacks", "The models to try when the first one fails", "modelFallbacks"),
		a.fallbacksCommand("image-fallbacks", "The models for pictures to try when the first one fails", "imageModelFallbacks"),
	)
	return c
}

func (a *app) modelsListCommand() *cobra.Command {
	var f clientFlags
	var provider string
	var plain bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the models that can be chosen",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "models.list", struct{}{}, func(r wire.ModelsListResult) error {
				if provider != "" {
					r.Models = slices.DeleteFunc(r.Models, func(m wire.ModelInfo) bool { return !strings.EqualFold(m.Provider, provider) })
				}
				return a.showModels(r.Models, plain)
			})
		},
	}
	c.Flags().StringVar(&provider, "provider", "", "only those of this provider")
	c.Flags().BoolVar(&plain, "plain", false, "one provider/model a line, nothing else")
	f.register(c)
	return c
}

func (a *app) showModels(models []wire.ModelInfo, plain bool) error {
	if plain {
		for _, m := range models {
			fmt.Fprintln(a.out, oneLine(m.Provider+"/"+m.ID))
		}
		return nil
	}
	if len(models) == 0 {
		_, err := fmt.Fprint(a.out, "No models: the built-in runner answers. Models need a key or models.providers in the configuration.\n")
		return err
	}
	t := a.newTable("MODEL", "NAME", "CONTEXT", "REASONING")
	for _, m := range models {
		window := "-"
		if m.ContextWindow != nil {
			window = fmt.Sprint(*m.ContextWindow)
		}
		t.row(m.Provider+"/"+m.ID, m.Name, window, yes(m.Reasoning != nil && *m.Reasoning, "yes", "-"))
	}
	return t.flush()
}

// agentModels is what the configuration says of models.
type agentModels struct {
	Model               string            `json:"model"`
	ImageModel          string            `json:"imageModel"`
	ModelFallbacks      []string          `json:"modelFallbacks"`
	ImageModelFallbacks []string          `json:"imageModelFallbacks"`
	ModelAliases        map[string]string `json:"modelAliases"`
	AllowedModels       []string          `json:"allowedModels"`
}

func (m agentModels) fallbacks(key string) []string {
	if key == "imageModelFallbacks" {
		return m.ImageModelFallbacks
	}
	return m.ModelFallbacks
}

// chosenModels reads them from the gateway's config file.
func (a *app) chosenModels(c *cobra.Command, f clientFlags) (m agentModels, err error) {
	s, err := a.snapshot(c, f)
	if err != nil {
		return m, err
	}
	a.warnInvalid(s)
	var file struct {
		Agent agentModels `json:"agent"`
	}
	if err := wire.Unmarshal(s.Config, &file); err != nil {
		return m, fmt.Errorf("config.get: %w", err)
	}
	return file.Agent, nil
}

// showChosen prints models of the configuration: as JSON, or as show does.
func (a *app) showChosen(c *cobra.Command, f clientFlags, pick func(agentModels) any, show func(agentModels) error) error {
	m, err := a.chosenModels(c, f)
	if err != nil {
		return err
	}
	if !f.json {
		return show(m)
	}
	return printValue(a.out, pick(m))
}

func aliasText(all map[string]string) string {
	var texts []string
	for alias, model := range all {
		texts = append(texts, alias+" = "+model)
	}
	sort.Strings(texts)
	return strings.Join(texts, ", ")
}

func (a *app) modelsSetCommand(name, about, path string) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   name + " MODEL",
		Short: about,
		Args:  oneArg("MODEL"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.editConfig(c, f, func(root any) (any, error) { return setAt(root, strings.Split(path, "."), args[0]) })
		},
	}
	f.register(c)
	return c
}
