package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clawdbot/gateway/transport/wire"
)

func (a *app) skillsCommand() *cobra.Command {
	c := &cobra.Command{Use: "skills", Short: "See what the agent has learnt to do, and what is missing for it"}
	c.AddCommand(a.skillsListCommand(), a.skillsInfoCommand(), a.skillsCheckCommand())
	return c
}

func (a *app) skillsListCommand() *cobra.Command {
	var f clientFlags
	var eligible bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the skills",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "skills.status", struct{}{}, func(r wire.SkillsStatusResult) error {
				if eligible {
					r.Skills = slices.DeleteFunc(r.Skills, func(s wire.Skill) bool { return !s.Eligible })
				}
				if len(r.Skills) == 0 {
					_, err := fmt.Fprintf(a.out, "No skills. They are looked for in %s and %s.\n", oneLine(r.WorkspaceDir), oneLine(r.ManagedSkillsDir))
					return err
				}
				t := a.newTable("SKILL", "STATE", "FROM", "DESCRIPTION")
				for _, s := range r.Skills {
					t.row(strings.TrimSpace(s.Emoji+" "+s.Name), skillState(s), s.Source, s.Description)
				}
				return t.flush()
			})
		},
	}
	c.Flags().BoolVar(&eligible, "eligible", false, "only those that can be used")
	f.register(c)
	return c
}

func skillState(s wire.Skill) string {
	switch {
	case s.Disabled:
		return "off"
	case s.BlockedByAllowlist:
		return "not allowed"
	case s.Eligible:
		return "ready"
	}
	return "incomplete"
}

// missing says what a skill lacks.
func missing(s wire.Skill) string {
	var texts []string
	for _, m := range []struct {
		what  string
		items []string
	}{{"programs", s.Missing.Bins}, {"variables", s.Missing.Env}, {"configuration", s.Missing.Config}, {"system", s.Missing.OS}} {
		if len(m.items) > 0 {
			texts = append(texts, m.what+": "+strings.Join(m.items, ", "))
		}
	}
	return strings.Join(texts, "; ")
}

func (a *app) skillsInfoCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "info SKILL",
		Short: "Show one skill, what it needs and how to get that",
		Args:  oneArg("SKILL"),
		RunE: func(c *cobra.Command, args []string) error {
			payload, err := a.call(c.Context(), f, "skills.status", struct{}{})
			if err != nil {
				return err
			}
			var r wire.SkillsStatusResult
			if err := wire.Unmarshal(payload, &r); err != nil {
				return fmt.Errorf("skills.status: %w", err)
			}
			i := slices.IndexFunc(r.Skills, func(s wire.Skill) bool { return s.Name == args[0] || s.SkillKey == args[0] })
			if i < 0 {
				return fmt.Errorf("no skill is called %q; list them with: clawdbot skills list", args[0])
			}
			if !f.json {
				return a.showSkill(r.Skills[i])
			}
			return printValue(a.out, r.Skills[i])
		},
	}
	f.register(c)
	return c
}

func (a *app) showSkill(s wire.Skill) error {
	t := a.newTable()
	t.row("Skill", strings.TrimSpace(s.Emoji+" "+s.Name))
	t.row("State", skillState(s))
	t.row("From", s.Source)
	t.row("File", s.FilePath)
	if s.Homepage != "" {
		t.row("Page", s.Homepage)
	}
	if m := missing(s); m != "" {
		t.row("Missing", m)
	}
	for _, i := range s.Install {
		t.row("Can be installed", i.Label)
	}
	if err := t.flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\n%s\n", printable(s.Description))
	return err
}

func (a *app) skillsCheckCommand() *cobra.Command {
	var f clientFlags
	c := &cobra.Command{
		Use:   "check",
		Short: "Show which skills cannot be used, and what they lack",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return query(a, c, f, "skills.status", struct{}{}, func(r wire.SkillsStatusResult) error {
				t := a.newTable("SKILL", "STATE", "MISSING")
				ready := 0
				for _, s := range r.Skills {
					if s.Eligible {
						ready++
						continue
					}
					t.row(s.Name, skillState(s), missing(s))
				}
				for _, p := range r.Problems {
					t.row(p.FilePath, "not understood", p.Problem)
				}
				if ready < len(r.Skills)+len(r.Problems) {
					if err := t.flush(); err != nil {
						return err
					}
				}
				_, err := fmt.Fprintf(a.out, "%d of %s can be used.\n", ready, count(len(r.Skills), "skill", "skills"))
				return err
			})
		},
	}
	f.register(c)
	return c
}
