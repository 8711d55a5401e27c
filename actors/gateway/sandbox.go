package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/process"
	"github.com/clawdbot/gateway/actors/tools"
)

func (g *Gateway) sandbox() config.Sandbox { return g.doc.Load().Config.Agent.Sandbox }

// confined tells whether a caller's commands are run in a sandbox.
func (g *Gateway) confined(c tools.Caller) bool {
	switch g.sandbox().Mode {
	case "all":
		return !c.Elevated
	case "non-main":
		return !c.Elevated && c.SessionKey != g.mainKey()
	}
	return false
}

// workspace is the directory that a caller works in.
func (g *Gateway) workspace(c tools.Caller) string {
	s := g.sandbox()
	if !s.PerSession || !g.confined(c) {
		return g.workspaceDir()
	}
	root := g.env.ExpandHome(s.WorkspaceRoot)
	if !filepath.IsAbs(root) {
		root = filepath.Join(g.env.StateDir, "sandboxes")
	}
	return filepath.Join(root, folder(c.SessionKey))
}

var unsafe = regexp.MustCompile(`[^a-z0-9]+`)

// folder is a name for the directory of a session: to be recognised, and never that of another.
func folder(key string) string {
	sum := sha256.Sum256([]byte(key))
	name := strings.Trim(unsafe.ReplaceAllString(strings.ToLower(key), "-"), "-")
	return name[:min(len(name), 40)] + "-" + hex.EncodeToString(sum[:6])
}

// sandboxFor says how a caller's commands are confined; nil = they are not. Where they are to be and cannot, none is run.
func (g *Gateway) sandboxFor(c tools.Caller) (*process.Confinement, error) {
	if !g.confined(c) {
		return nil, nil
	}
	s := g.sandbox()
	if g.keeper == nil {
		return nil, &tools.Refused{Tool: "bash", Reason: fmt.Sprintf("agent.sandbox.mode is %s, and this program has no guards to put a sandbox on with (Options.Guard)", s.Mode)}
	}
	found := g.probeSandbox(s.Backend)
	if found.Backend == "" {
		return nil, &tools.Refused{Tool: "bash", Reason: fmt.Sprintf("agent.sandbox.mode is %s, and this host has no sandbox to run commands in (%s)", s.Mode, found.Detail)}
	}
	dir := g.workspace(c)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bash: the workspace cannot be made: %w", err)
	}
	confine := process.Confinement{Backend: found.Backend, Write: []string{dir}, Never: g.private(), Net: s.Network}
	for _, d := range s.Read {
		if d = g.env.ExpandHome(d); filepath.IsAbs(d) {
			confine.Read = append(confine.Read, d)
		}
	}
	return &confine, nil
}

// probeSandbox looks once for each backend what this host has.
func (g *Gateway) probeSandbox(backend string) process.Found {
	if backend == "auto" {
		backend = ""
	}
	if f, ok := g.sandboxes.Load(backend); ok {
		return f.(process.Found)
	}
	f := process.Probe(backend)
	g.sandboxes.Store(backend, f)
	return f
}

// sandboxLine says for a person what confines commands; "" = nothing runs any.
func (g *Gateway) sandboxLine() string {
	s := g.sandbox()
	switch {
	case len(g.o.Guard) == 0:
		return ""
	case s.Mode == "off":
		return "off"
	}
	found := g.probeSandbox(s.Backend)
	if found.Backend == "" {
		return s.Mode + ", but this host has none, and commands are refused: " + found.Detail
	}
	return s.Mode + ", " + found.Backend + " (" + found.Detail + ")"
}
