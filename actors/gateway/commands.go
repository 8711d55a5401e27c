package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/jobs"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/actors/tools/files"
	"github.com/clawdbot/gateway/actors/tools/shell"
	"github.com/clawdbot/gateway/providers/child"
)

// ChildProcess makes this process the guard of a command, if it was started as that; otherwise it returns at once. A program
// whose agents run commands calls it first in main.
func ChildProcess() { process.Child() }

// GuardSelf is Options.Guard for a program that calls ChildProcess.
func GuardSelf() ([]string, error) { return process.Self() }

// jobsGrace is what commands have to end when the gateway stops. Their guards go on without it.
const jobsGrace = 1500 * time.Millisecond

// newKeeper makes what starts programs behind guards; nil = there are none.
func (g *Gateway) newKeeper() *process.Keeper {
	if len(g.o.Guard) == 0 {
		return nil
	}
	return process.NewKeeper(process.Options{Store: g.store, Guard: g.o.Guard, Scratch: filepath.Join(g.env.StateDir, "sandbox"), Log: g.log})
}

// growJobs spawns what runs commands, if there is a guard for them.
func (g *Gateway) growJobs(c *actors.Context[rootMessage]) (err error) {
	if g.keeper == nil {
		return nil
	}
	g.tree.jobs, err = vital(g, c, "jobs", jobs.Props(jobs.Options{
		State: g.tree.commands, Keeper: g.keeper, Log: g.log,
		Kept: func() time.Duration {
			return time.Duration(g.doc.Load().Config.Agent.Bash.CleanupMs) * time.Millisecond
		},
	}))
	if line := g.sandboxLine(); line != "" {
		g.log.Info("commands", "sandbox", line)
	}
	return err
}

// startLimit is how long a program of somebody else may take to be started.
const startLimit = 30 * time.Second

// keep starts the programs that the gateway talks to behind guards, too; nil = there are none.
func (g *Gateway) keep(owner string) child.Keep { return g.keepConfined(owner, nil) }

// keepConfined is keep for a program that is confined, where that is not nil.
func (g *Gateway) keepConfined(owner string, confine *process.Confinement) child.Keep {
	if g.keeper == nil {
		return nil
	}
	return func(p child.Program) (child.Kept, error) {
		ctx, cancel := context.WithTimeout(context.Background(), startLimit)
		defer cancel()
		s := process.Spec{Owner: owner, Argv: p.Argv, Dir: p.Dir, Env: p.Env, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Confine: confine}
		if s.Env == nil {
			s.Env = os.Environ()
		}
		if s.Dir == "" {
			var err error
			if s.Dir, err = os.Getwd(); err != nil {
				return nil, err
			}
		}
		started, err := g.keeper.Start(ctx, s)
		if err != nil {
			return nil, err
		}
		return kept{started}, nil
	}
}

// kept is a program behind a guard, as package child knows one.
type kept struct{ *process.Process }

// Err is how it ended; nil = well.
func (k kept) Err() error {
	switch e := k.Exit(); {
	case e.Unknown:
		return errors.New("it was killed, together with what looked after it")
	case e.Signal != "":
		return errors.New("signal: " + e.Signal)
	case e.Code != 0:
		return fmt.Errorf("exit status %d", e.Code)
	}
	return nil
}

// stopJobs ends the commands that run.
func (g *Gateway) stopJobs(ctx context.Context) {
	if g.tree.jobs.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, jobsGrace)
	defer cancel()
	_, err := actors.Ask(ctx, g.tree.jobs, func(r actors.Reply[struct{}]) jobs.Message { return jobs.Drain{Reply: r} })
	if err != nil {
		g.log.Warn("commands were still running at the stop; their guards end them", "err", err)
	}
}

// handTools are the tools for files and commands.
func (g *Gateway) handTools() []tools.Tool {
	all := files.Tools(files.Options{Jail: g.jail, Look: g.skillDirs})
	if g.tree.jobs.IsZero() {
		return all
	}
	return append(all, shell.Tools(shell.Options{
		Jobs: g.tree.commands, Jail: g.jail, Sandbox: g.sandboxFor, Approve: g.approve,
		Start: func(ctx context.Context, s jobs.Spec) (*jobs.Job, error) {
			return actors.Ask(ctx, g.tree.jobs, func(r actors.Reply[*jobs.Job]) jobs.Message { return jobs.Start{Reply: r, Spec: s} })
		},
		Settings: func() shell.Settings {
			b := g.doc.Load().Config.Agent.Bash
			return shell.Settings{Background: b.Wait(), Timeout: time.Duration(b.TimeoutSec) * time.Second, Output: b.MaxOutputChars, Pass: b.PassEnv}
		},
		Lookup: g.given.lookup(), Extra: g.skillEnv,
	})...)
}

// jail is where a caller's tools for files work.
func (g *Gateway) jail(c tools.Caller) files.Jail {
	roots := []string{g.workspace(c)}
	if !g.confined(c) {
		for _, dir := range g.doc.Load().Config.Agent.Files.Roots {
			if dir = g.env.ExpandHome(dir); filepath.IsAbs(dir) {
				roots = append(roots, filepath.Clean(dir))
			}
		}
	}
	return files.Jail{Roots: roots, Never: g.private(), Home: g.env.Home}
}

// private is what no tool opens: the state, with everything that is in it, and the files of credentials.
func (g *Gateway) private() []string {
	return []string{g.env.StateDir, g.env.OAuthDir, g.env.ConfigPath, g.env.AgentDir}
}
