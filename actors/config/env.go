package config

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// SkipLocalModels is the environment variable that, set to 1, keeps the setup from looking for model servers on this computer.
const SkipLocalModels = "CLAWDBOT_SKIP_LOCAL_MODELS"

// DefaultPort is the gateway's port when nothing else says so.
const DefaultPort = 18789

// LookupFunc is os.LookupEnv or its like. It tells "not set" from "set to nothing".
type LookupFunc func(name string) (string, bool)

// Getenv is os.Getenv or its like.
func (f LookupFunc) Getenv(name string) string {
	v, _ := f(name)
	return v
}

// Lookup makes a LookupFunc of os.Getenv or its like; an empty variable counts as not set.
func Lookup(getenv func(string) string) LookupFunc {
	return func(name string) (string, bool) {
		v := getenv(name)
		return v, v != ""
	}
}

// Env is what the environment says about paths, ports, credentials and what to leave out.
type Env struct {
	Home       string
	StateDir   string // CLAWDBOT_STATE_DIR, else ~/.clawdbot
	ConfigPath string // CLAWDBOT_CONFIG_PATH verbatim, else clawdbot.json in StateDir
	OAuthDir   string // CLAWDBOT_OAUTH_DIR, else credentials in StateDir
	AgentDir   string // CLAWDBOT_AGENT_DIR or PI_CODING_AGENT_DIR, else agent in StateDir
	LockDir    string // CLAWDBOT_LOCK_DIR, else ~/.clawdbot-locks: what one process of the user may have, on the whole host

	GatewayPort    int // 0 = not set; the same for the ports below
	BridgePort     int
	CanvasHostPort int
	BridgeHost     string

	Otel OtelEnv // variables of OpenTelemetry

	Token    *Secret // CLAWDBOT_GATEWAY_TOKEN; nil = not set
	Password *Secret // CLAWDBOT_GATEWAY_PASSWORD; nil = not set

	BridgeDisabled  bool // CLAWDBOT_BRIDGE_ENABLED=0
	SkipCanvasHost  bool
	SkipBrowser     bool
	SkipProviders   bool
	SkipCron        bool
	DisableBonjour  bool
	NixMode         bool
	Version, Commit string // CLAWDBOT_VERSION, GIT_COMMIT

	// Issues are variables that cannot be used; Path is the variable's name.
	Issues []Issue
}

// ParseEnv reads the environment once. It looks at nothing but lookup and, for relative paths, the working directory.
func ParseEnv(lookup LookupFunc) Env {
	get := func(names ...string) string {
		for _, n := range names {
			if v, _ := lookup(n); strings.TrimSpace(v) != "" {
				return strings.TrimSpace(v)
			}
		}
		return ""
	}
	on := func(name string) bool { return isOn(get(name)) }
	e := Env{
		Home:           get("HOME", "USERPROFILE"),
		BridgeHost:     get("CLAWDBOT_BRIDGE_HOST"),
		BridgeDisabled: get("CLAWDBOT_BRIDGE_ENABLED") == "0",
		SkipCanvasHost: on("CLAWDBOT_SKIP_CANVAS_HOST"),
		SkipBrowser:    on("CLAWDBOT_SKIP_BROWSER_CONTROL_SERVER"),
		SkipProviders:  on("CLAWDBOT_SKIP_PROVIDERS"),
		SkipCron:       on("CLAWDBOT_SKIP_CRON"),
		DisableBonjour: on("CLAWDBOT_DISABLE_BONJOUR"),
		NixMode:        on("CLAWDBOT_NIX_MODE"),
		Version:        get("CLAWDBOT_VERSION"),
		Commit:         get("GIT_COMMIT"),
	}
	e.StateDir = cmp.Or(get("CLAWDBOT_STATE_DIR", "CLAWDIS_STATE_DIR"), "~/.clawdbot")
	if e.Home == "" && strings.HasPrefix(e.StateDir, "~") {
		e.Issues = append(e.Issues, Issue{Path: "HOME", Message: "is not set: set it or CLAWDBOT_STATE_DIR"})
	}
	e.StateDir = absolute(e.ExpandHome(e.StateDir))
	e.ConfigPath = absolute(cmp.Or(get("CLAWDBOT_CONFIG_PATH"), filepath.Join(e.StateDir, "clawdbot.json")))
	e.OAuthDir = e.ExpandHome(cmp.Or(get("CLAWDBOT_OAUTH_DIR"), filepath.Join(e.StateDir, "credentials")))
	e.AgentDir = e.ExpandHome(cmp.Or(get("CLAWDBOT_AGENT_DIR", "PI_CODING_AGENT_DIR"), filepath.Join(e.StateDir, "agent")))
	locks := "~/.clawdbot-locks"
	if e.Home == "" {
		locks = filepath.Join(os.TempDir(), "clawdbot-locks-"+strconv.Itoa(os.Getuid()))
	}
	e.LockDir = absolute(e.ExpandHome(cmp.Or(get("CLAWDBOT_LOCK_DIR"), locks)))
	e.GatewayPort = e.port("CLAWDBOT_GATEWAY_PORT", get)
	e.BridgePort = e.port("CLAWDBOT_BRIDGE_PORT", get)
	e.CanvasHostPort = e.port("CLAWDBOT_CANVAS_HOST_PORT", get)
	e.Otel = parseOtelEnv(get)
	e.Token = credential(lookup, "CLAWDBOT_GATEWAY_TOKEN")
	e.Password = credential(lookup, "CLAWDBOT_GATEWAY_PASSWORD")
	return e
}

func (e *Env) port(name string, get func(...string) string) int {
	v := get(name)
	if v == "" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 65535 {
		e.Issues = append(e.Issues, Issue{Path: name, Message: "must be a port number between 1 and 65535"})
		return 0
	}
	return n
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func credential(lookup LookupFunc, name string) *Secret {
	v, ok := lookup(name)
	if !ok {
		return nil
	}
	s := Secret(v)
	return &s
}

func isOn(v string) bool {
	switch strings.ToLower(v) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// ExpandHome replaces a leading ~ by the home directory.
func (e Env) ExpandHome(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return filepath.Join(e.Home, path[1:])
	}
	return path
}

// Ports are the ports of the three listeners.
type Ports struct{ Gateway, Bridge, Canvas int }

// Ports resolves them: flag (0 = not given), environment, file, default. Bridge and canvas follow the gateway.
func (e Env) Ports(c *Config, flag int) Ports {
	first := func(candidates ...int) int {
		for _, p := range candidates {
			if p != 0 {
				return p
			}
		}
		return 0
	}
	gateway := first(flag, e.GatewayPort, c.Gateway.Port, DefaultPort)
	return Ports{
		Gateway: gateway,
		Bridge:  first(e.BridgePort, c.Bridge.Port, gateway+1),
		Canvas:  first(e.CanvasHostPort, c.CanvasHost.Port, gateway+4),
	}
}
