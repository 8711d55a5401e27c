package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
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
	// StateDir overrides the state directory of the environment.
	StateDir string
	// Start overrides what the configuration says of port, bind address and credentials. Port 0 there means "not
	// given"; AnyPort asks for a free one.
	Start   Start
	AnyPort bool

	// Providers are the surfaces that may be used; which are started is the configuration's decision.
	Providers []providers.Factory
	// Runner makes the answers; nil = the built-in one.
	Runner agent.Runner
	// Methods are added to the method table. A name that exists already is an error.
	Methods wire.Table

	Log             *slog.Logger // nil = slog.Default()
	Version, Commit string
	// OnListening is called when the port accepts connections, with the address.
	OnListening func(addr string)
	// Restart makes Run start the gateway anew, for each reason that it yields; nil = never. See Gateway.Restart.
	Restart <-chan string
	// Intercept sees every message between actors. It is for fault-injection tests (actors/actortest).
	Intercept actors.Interceptor
	// StoreFault makes the store fail; for tests.
	StoreFault func(stage string) error
	// AnswerLimit is how long a client waits for a part that does not answer; 0 = 30 s.
	AnswerLimit time.Duration
	// Sweep is how often the parts look for work whose message was lost; 0 = 10 s to 30 s, as each part sees fit.
	Sweep time.Duration
}

// resolve fills in what was not given. It does not change the caller's struct.
func (o Options) resolve() (Options, config.Env, error) {
	lookup := os.LookupEnv
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	} else {
		lookup = config.Lookup(o.Getenv)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Runner == nil {
		o.Runner = agent.Builtin{}
	}
	env := config.ParseEnv(func(name string) (string, bool) {
		switch {
		case name == "CLAWDBOT_STATE_DIR" && o.StateDir != "":
			return o.StateDir, true
		case name == "CLAWDBOT_CONFIG_PATH" && o.ConfigFile != "":
			return o.ConfigFile, true
		}
		return lookup(name)
	})
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
		doc, err := config.Load(env.ConfigPath, o.Getenv)
		if err != nil {
			return o, env, err
		}
		o.Config = doc
	}
	if !o.Config.Valid {
		return o, env, &config.InvalidError{Path: o.Config.Path, Issues: o.Config.Issues}
	}
	if issues := config.Guard(o.Config.Config, env, o.Start); len(issues) > 0 {
		return o, env, &config.InvalidError{Path: o.Config.Path, Issues: issues}
	}
	return o, env, o.checkSurfaces()
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

// section is the configuration of a surface, "{}" when there is none.
func (o Options) section(doc *config.Document, surface string) json.RawMessage {
	if s, ok := o.Sections[surface]; ok {
		return s
	}
	return doc.Section(surface)
}
