package config

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/file"
)

// FormerBind is where the bridge of the gateway that this one replaces was listening when its configuration did not
// say: "lan", or "tailnet" with wide-area discovery. "" = the configuration or the environment says it, or there was no
// bridge.
func (d *Document) FormerBind(env Env) string {
	switch c := d.Config; {
	case d.root.at("bridge", "bind") != nil, env.BridgeHost != "", env.BridgeDisabled, !c.Bridge.Enabled:
		return ""
	case c.Discovery.WideArea.Enabled:
		return "tailnet"
	}
	return "lan"
}

// BridgeHost is the address that the bridge listens on: bridge.bind, else CLAWDBOT_BRIDGE_HOST as it is, else the tailnet
// with wide-area discovery, else this host alone. local are the addresses of this host's interfaces.
func (d *Document) BridgeHost(env Env, local []netip.Addr) (string, error) {
	said := d.root.at("bridge", "bind") != nil
	switch {
	case !said && env.BridgeHost != "":
		return env.BridgeHost, nil
	case !said && d.Config.Discovery.WideArea.Enabled:
		return BindHost("tailnet", local)
	}
	return BindHost(d.Config.Bridge.Bind, local)
}

// BridgeEnabled says whether nodes may connect at all: bridge.enabled, else the environment, else they may.
func (d *Document) BridgeEnabled(env Env) bool {
	if d.root.at("bridge", "enabled") != nil {
		return d.Config.Bridge.Enabled
	}
	return !env.BridgeDisabled
}

// savedAs is what the copy of a file is called that WithBind changes.
const savedAs = ".before-import"

// WithBind writes bridge.bind into the file, and returns what the file says then. Everything else stays as it is,
// comments too. saved is the copy of the file as it was, "" when there was none.
func (d *Document) WithBind(bind string, getenv func(string) string) (doc *Document, saved string, err error) {
	if d.hasRaw {
		saved = d.Path + savedAs
		if _, err := os.Lstat(saved); errors.Is(err, fs.ErrNotExist) { // else from an attempt before this one
			if err := file.Replace(saved, []byte(d.raw)); err != nil {
				return nil, "", err
			}
		}
	}
	text := "{\n  \"bridge\": {\n    \"bind\": \"" + bind + "\"\n  }\n}\n"
	if d.hasRaw {
		if text, err = patch(d.raw, d.root, d.root.with([]string{"bridge", "bind"}, &node{kind: kindString, text: bind})); err != nil {
			return nil, "", err
		}
		if d.root.get("bridge") == nil {
			text = onOneLine(text, "bridge")
		}
	}
	if doc = Parse(d.Path, text, getenv); !doc.Valid {
		return nil, "", &InvalidError{Path: d.Path, Issues: doc.Issues}
	}
	return doc, saved, file.Replace(d.Path, []byte(text))
}

// onOneLine writes the section that a patch has just added, of one value, on one line.
func onOneLine(text, section string) string {
	root, _, err := parseJSON5(text)
	n := root.get(section)
	if err != nil || n == nil {
		return text
	}
	inner := strings.TrimSpace(text[n.start+1 : n.end-1])
	return text[:n.start] + "{ " + strings.TrimSuffix(inner, ",") + " }" + text[n.end:]
}

// with is a copy of an object that has value at path.
func (n *node) with(path []string, value *node) *node {
	c := node{kind: kindObject}
	if n != nil {
		c = *n
		c.members = slices.Clone(n.members)
	}
	if len(path) > 1 {
		value = n.get(path[0]).with(path[1:], value)
	}
	for i := range c.members {
		if c.members[i].key == path[0] {
			c.members[i].value = value
			return &c
		}
	}
	c.members = append(c.members, member{key: path[0], value: value})
	return &c
}
