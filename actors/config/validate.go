package config

import (
	"path"
	"reflect"
	"strings"
)

// validate decodes root over the defaults and returns everything that is wrong with it.
func validate(root *node) (Config, []Issue) {
	c := defaults()
	d := &decoder{}
	if root.kind != kindObject {
		d.report("", "the file must hold an object, not %s", root.kind)
		return c, d.issues
	}
	root = withoutLegacy(root)
	d.section("", root, reflect.ValueOf(&c).Elem())
	d.hooks(&c)
	d.browser(&c)
	d.streaming(&c)
	return c, d.issues
}

func (d *decoder) hooks(c *Config) {
	if p := strings.Trim(strings.TrimSpace(c.Hooks.Path), "/"); p == "" {
		d.report("hooks.path", "may not be \"/\"")
	} else {
		c.Hooks.Path = path.Clean("/" + p)
	}
	c.Hooks.Token = Secret(strings.TrimSpace(c.Hooks.Token.Reveal()))
	if c.Hooks.Enabled && c.Hooks.Token.unusable() {
		d.report("hooks.token", "hooks.enabled requires hooks.token")
	}
}

func (d *decoder) browser(c *Config) {
	for name, p := range c.Browser.Profiles {
		at := join("browser.profiles", name)
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || name == "" {
			d.report(at, "a profile name has only a-z, 0-9 and -")
		}
		if p.CDPPort == 0 && p.CDPURL == "" {
			d.report(at, "needs cdpPort or cdpUrl")
		}
	}
}

func (d *decoder) streaming(c *Config) {
	if b := c.Agent.BlockStreamingChunk; b.MinChars > b.MaxChars {
		d.report("agent.blockStreamingChunk", "minChars must not exceed maxChars")
	}
}

// legacy are keys of older versions that make a file invalid, each with what to write instead.
var legacy = []struct {
	path    []string
	message string
}{
	{[]string{"routing", "allowFrom"},
		"routing.allowFrom was moved; write whatsapp.allowFrom instead"},
	{[]string{"routing", "groupChat", "requireMention"},
		`routing.groupChat.requireMention was moved; write whatsapp.groups."*".requireMention ` +
			`(the same under telegram.groups and imessage.groups) instead`},
	{[]string{"telegram", "requireMention"},
		`telegram.requireMention was moved; write telegram.groups."*".requireMention instead`},
}

func legacyIssues(root *node) []Issue {
	var issues []Issue
	for _, l := range legacy {
		if root.at(l.path...) != nil {
			issues = append(issues, Issue{Path: strings.Join(l.path, "."), Message: l.message})
		}
	}
	return issues
}

// withoutLegacy leaves the legacy keys out of the tree: they are reported once, as what they are.
func withoutLegacy(root *node) *node {
	for _, l := range legacy {
		root = root.without(l.path)
	}
	return root
}

// without returns n without the key at path. What has to differ is copied.
func (n *node) without(path []string) *node {
	if n.at(path...) == nil {
		return n
	}
	c := *n
	c.members = nil
	for _, m := range n.members {
		if m.key == path[0] {
			if len(path) == 1 {
				continue
			}
			m.value = m.value.without(path[1:])
		}
		c.members = append(c.members, m)
	}
	return &c
}
