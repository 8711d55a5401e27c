package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) aliasesCommand() *cobra.Command {
	c := &cobra.Command{Use: "aliases", Short: "Short names for models"}
	var list, add, remove clientFlags
	listing := &cobra.Command{
		Use:   "list",
		Short: "List the short names of the configuration",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.showChosen(c, list, func(m agentModels) any { return m.ModelAliases }, func(m agentModels) error {
				if len(m.ModelAliases) == 0 {
					_, err := fmt.Fprint(a.out, "None of your own. Add one with: clawdbot models aliases add NAME MODEL\n")
					return err
				}
				t := a.newTable("ALIAS", "MODEL")
				for _, alias := range slices.Sorted(maps.Keys(m.ModelAliases)) {
					t.row(alias, m.ModelAliases[alias])
				}
				return t.flush()
			})
		},
	}
	adding := &cobra.Command{
		Use:   "add NAME MODEL",
		Short: "Give a model a short name",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || args[0] == "" || strings.Contains(args[0], "/") {
				return usage("NAME and MODEL are needed, and NAME has no slash")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return a.editConfig(c, add, func(root any) (any, error) {
				return setAt(root, []string{"agent", "modelAliases", args[0]}, args[1])
			})
		},
	}
	removing := &cobra.Command{
		Use:   "remove NAME",
		Short: "Take a short name away",
		Args:  oneArg("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.editConfig(c, remove, func(root any) (any, error) {
				path := []string{"agent", "modelAliases", args[0]}
				if _, ok := lookUp(root, path); !ok {
					return nil, fmt.Errorf("no alias is called %q; list them with: clawdbot models aliases list", args[0])
				}
				return unsetAt(root, path), nil
			})
		},
	}
	list.register(listing)
	add.register(adding)
	remove.register(removing)
	c.AddCommand(listing, adding, removing)
	return c
}

// fallbacksCommand edits a list of models of the configuration.
func (a *app) fallbacksCommand(name, about, key string) *cobra.Command {
	c := &cobra.Command{Use: name, Short: about}
	var f clientFlags
	listing := &cobra.Command{
		Use:   "list",
		Short: "List them in the order in which they are tried",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.showChosen(c, f, func(m agentModels) any { return m.fallbacks(key) }, func(m agentModels) error {
				if len(m.fallbacks(key)) == 0 {
					_, err := fmt.Fprintln(a.out, "None.")
					return err
				}
				_, err := fmt.Fprintln(a.out, printable(strings.Join(m.fallbacks(key), "\n")))
				return err
			})
		},
	}
	f.register(listing)
	c.AddCommand(listing,
		a.listEdit(key, "add MODEL", "Add a model at the end", oneArg("MODEL"), func(list []any, arg string) ([]any, error) {
			if slices.Contains(list, any(arg)) {
				return nil, fmt.Errorf("%s is in the list already", arg)
			}
			return append(list, arg), nil
		}),
		a.listEdit(key, "remove MODEL", "Take a model out", oneArg("MODEL"), func(list []any, arg string) ([]any, error) {
			i := slices.Index(list, any(arg))
			if i < 0 {
				return nil, fmt.Errorf("%s is not in the list", arg)
			}
			return slices.Delete(list, i, i+1), nil
		}),
		a.listEdit(key, "clear", "Take all out", cobra.NoArgs, func([]any, string) ([]any, error) { return []any{}, nil }),
	)
	return c
}

func (a *app) listEdit(key, use, about string, args cobra.PositionalArgs, change func(list []any, arg string) ([]any, error)) *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use: use, Short: about, Args: args,
		RunE: func(c *cobra.Command, args []string) error {
			arg := strings.Join(args, "")
			return a.editConfig(c, f, func(root any) (any, error) {
				path := []string{"agent", key}
				have, _ := lookUp(root, path)
				list, _ := have.([]any)
				list, err := change(list, arg)
				if err != nil {
					return nil, err
				}
				return setAt(root, path, list)
			})
		},
	}
	f.register(c)
	return c
}
