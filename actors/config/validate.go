package config

import (
	"path"
	"path/filepath"
	"reflect"
	"strconv"
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
	d.mcp(&c)
	d.tools(&c)
	d.runners(&c)
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
	for i, name := range c.Hooks.Presets {
		if name != "gmail" {
			d.report(join("hooks.presets", strconv.Itoa(i)), "is not a preset; the only one is gmail")
		}
	}
	for i, m := range c.Hooks.Mappings {
		if t := m.Transform; t != nil && (!filepath.IsLocal(t.Module) || path.Ext(t.Module) != ".js" && path.Ext(t.Module) != ".mjs") {
			d.report(join(join("hooks.mappings", strconv.Itoa(i)), "transform.module"), "must be a .js or .mjs file inside of hooks.transformsDir, as a relative path")
		}
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
