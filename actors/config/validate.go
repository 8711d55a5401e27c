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
