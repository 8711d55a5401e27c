package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/clock"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/bridge"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/chromium"
	"github.com/clawdbot/gateway/providers/codeagent"
	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/transport/hooks"
	"github.com/clawdbot/gateway/transport/wire"
)

// What an embedder meets of other packages, under names that stay.
type (
	// Start is what a command line, or a program, says over the configuration. What is not set is the file's decision.
	Start = config.StartOptions
	// Secret is a credential that no log and no encoder shows.
	Secret = config.Secret
	// InvalidConfig is the error of New for a configuration that must not run, with every problem by path.
	InvalidConfig = config.InvalidError
	// Locked is the error of New for a state directory that another gateway holds; it says which.
	Locked = store.LockedError
)

// Options say what to run. The zero value is a gateway on 127.0.0.1:18789 with its state in ~/.clawdbot, no
// providers and the built-in runner.
type Options struct {
	// Config is the configuration, for a program that has read it already; nil reads ConfigFile. It must be valid.
	Config *config.Document
	// ConfigFile overrides the config file of the environment, which is clawdbot.json in the state directory unless it
	// says otherwise. A file that is not there is an empty one.
	ConfigFile string
	// Sections are the configuration of surfaces, by name, as JSON objects. A section here replaces the file's. Surfaces
	// of your own have theirs here: the file knows only the gateway's.
	Sections map[string]json.RawMessage
	// Getenv reads the environment; nil = os.Getenv.
	Getenv func(string) string
	// LookupEnv takes the place of Getenv for a program that can tell a variable that is set to nothing from one that is
	// not set: a credential that is set to nothing is a mistake.
	LookupEnv config.LookupFunc
	// StateDir overrides the state directory of the environment.
	StateDir string
	// Start overrides what the configuration says of port, bind address and credentials. Port 0 there means "not
	// given"; AnyPort asks for a free one.
	Start   Start
	AnyPort bool

	// Providers are the surfaces that may be used; which are started is the configuration's decision.
	Providers []providers.Factory
	// Models are the formats of model APIs that may be spoken. Without any the built-in runner answers, whatever the
	// configuration says.
	Models []model.Factory
	// Coders are the protocols of coding agents that may be spoken (providers/codeagent/...). Without any none is started,
	// whatever the configuration says.
	Coders []codeagent.Protocol
	// MCP connects to the servers of tools that the configuration names (providers/mcp/client); nil = none is started.
	MCP mcp.Dial
	// Browser starts the agent's browser (providers/chromium/devtools); nil = there is none.
	Browser chromium.Start
	// JavaScript runs the transforms of hooks (transport/hooks/javascript); nil = a hook that has one fails.
	JavaScript hooks.Engine
	// Runner makes the answers; nil = the built-in one, or models where there are formats and one is configured.
	Runner agent.Runner
	// Methods are added to the method table. A name that exists already is an error.
	Methods wire.Table
	// Guard is the command line of a program that begins with ChildProcess: this one, as GuardSelf has it. It stands between
	// the gateway and the commands that agents run. Without it agents run none.
	Guard []string
	// Service installs this program as a service of its user, for the setup dialogue; nil = it does not ask about that.
	Service wizard.Service

	Log             *slog.Logger // nil = slog.Default()
	Version, Commit string
	// OnListening is called when the port accepts connections, with the address.
	OnListening func(addr string)
	// OnCertificate is called before OnListening with the fingerprint of the certificate that the gateway shows, its SHA-256 as
	// "AB:CD:…", if it speaks TLS.
	OnCertificate func(fingerprint string)
	// OnAlive is called every AliveEvery for as long as the parts that the gateway cannot do without do their work: for a
	// service manager that ends a program which does not. It must not block for long.
	OnAlive    func()
	AliveEvery time.Duration // 0 = 20 s
	// Clocks is what the gateway goes by to notice that the machine has slept, or that its clock was set; nil = the machine's
	// own. For tests.
	Clocks func() clock.Reading
	// OnConfig is called with each configuration that comes into force, the first included. It must not block for long.
	OnConfig func(*config.Config)
	// Restart makes Run start the gateway anew, for each reason that it yields; nil = never. See Gateway.Restart.
	Restart <-chan string
	// Intercept sees every message between actors. It is for fault-injection tests (actors/actortest).
	Intercept actors.Interceptor
	// StoreFault makes the store fail; for tests.
	StoreFault func(stage string) error
	// BridgeLimits bound what nodes can make the gateway hold.
	BridgeLimits bridge.Limits
	// Clock tells the time to what decides on the pairing of nodes, and which day what models take belongs to; nil = time.Now. For tests.
	Clock func() time.Time
	// AnswerLimit is how long a client waits for a part that does not answer; 0 = 30 s.
	AnswerLimit time.Duration
	// Sweep is how often the parts look for work whose message was lost; 0 = 10 s to 30 s, as each part sees fit.
	Sweep time.Duration
}

// resolve fills in what was not given. It does not change the caller's struct.
func (o Options) resolve() (Options, config.Env, error) {
	lookup := o.lookup()
	o.Getenv = lookup.Getenv
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Runner == nil && len(o.Models) == 0 && len(o.Coders) == 0 {
		o.Runner = agent.Builtin{}
	}
	env := o.parseEnv(lookup)
	if o.Version == "" {
		o.Version = env.Version
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Commit == "" {
		o.Commit = env.Commit
	}
	if o.Config == nil {
		doc, moved, err := config.LoadForStart(env.ConfigPath, o.Getenv)
		if err != nil {
			return o, env, err
		}
		tellMoved(o.Log, moved)
		o.Config = doc
	}
	if !o.Config.Valid {
		return o, env, &config.InvalidError{Path: o.Config.Path, Issues: o.Config.Issues}
	}
	if vars := o.shellEnv(lookup); len(vars) > 0 {
		lookup = config.WithVars(lookup, vars)
		o.Getenv = lookup.Getenv
		o.Config, env = o.Config.Under(o.Getenv), o.parseEnv(lookup)
	}
	issues := append(config.Guard(o.Config.Config, env, o.Start), setting{&o, env, o.Config}.problems()...)
	if len(issues) > 0 {
		return o, env, &config.InvalidError{Path: o.Config.Path, Issues: issues}
	}
	return o, env, o.checkSurfaces()
}

func tellMoved(log *slog.Logger, moved []string) {
	for _, line := range moved {
		log.Warn("config file: an old key was moved", "change", line)
	}
}

// lookup is the environment that the program gives, or the process's.
func (o Options) lookup() config.LookupFunc {
	switch {
	case o.LookupEnv != nil:
		return o.LookupEnv
	case o.Getenv != nil:
		return config.Lookup(o.Getenv)
	}
	return os.LookupEnv
}

// parseEnv reads the environment under what the program says itself.
func (o Options) parseEnv(lookup config.LookupFunc) config.Env {
	return config.ParseEnv(func(name string) (string, bool) {
		switch {
		case name == "CLAWDBOT_STATE_DIR" && o.StateDir != "":
			return o.StateDir, true
		case name == "CLAWDBOT_CONFIG_PATH" && o.ConfigFile != "":
			return o.ConfigFile, true
		}
		return lookup(name)
	})
}

// shellEnv asks the login shell for keys, if the configuration wants that. A shell that does not answer costs a warning.
func (o Options) shellEnv(lookup config.LookupFunc) map[string]string {
	vars, err := config.ShellEnv(context.Background(), o.Config.Config, lookup)
	if err != nil {
		o.Log.Warn("no variables from the login shell", "err", err)
	} else if len(vars) > 0 {
		o.Log.Info("variables taken from the login shell", "names", slices.Sorted(maps.Keys(vars)))
	}
	return vars
}

// checkSurfaces reports a mistake in what the program itself says of surfaces.
func (o Options) checkSurfaces() error {
	seen := map[string]bool{}
	for _, f := range o.Providers {
		if f.Surface == "" || f.New == nil || seen[f.Surface] {
			return errors.New("gateway: Options.Providers: each factory needs a surface of its own and New")
		}
		seen[f.Surface] = true
	}
	for surface, section := range o.Sections {
		if !seen[surface] {
			return fmt.Errorf("gateway: Options.Sections: no provider for surface %q", surface)
		}
		var object map[string]wire.Raw
		if err := wire.Unmarshal(section, &object); err != nil || object == nil {
			return fmt.Errorf("gateway: Options.Sections: %q is not a JSON object", surface) // err could quote a token
		}
	}
	return nil
}

// has says whether a surface has a section, be it empty.
func (o Options) has(doc *config.Document, surface string) bool {
	_, own := o.Sections[surface]
	return own || doc.Has(surface)
}

// section is the configuration of a surface, "{}" when there is none.
func (o Options) section(doc *config.Document, surface string) json.RawMessage {
	if s, ok := o.Sections[surface]; ok {
		return s
	}
	return doc.Section(surface)
}
