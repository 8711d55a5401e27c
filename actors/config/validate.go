package config

import (
	"errors"
	"net/netip"
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
	d.gateway(&c)
	d.hooks(&c)
	d.browser(&c)
	d.streaming(&c)
	d.mcp(&c)
	d.tools(&c)
	d.runners(&c)
	d.otel(&c)
	return c, d.issues
}

func (d *decoder) gateway(c *Config) {
	t := c.Gateway.TLS
	switch {
	case t.CertPath == "" && t.KeyPath != "":
		d.report("gateway.tls.certPath", "is required with gateway.tls.keyPath; both may be one file")
	case t.CertPath != "" && t.KeyPath == "":
		d.report("gateway.tls.keyPath", "is required with gateway.tls.certPath; both may be one file")
	case t.Enabled && t.CertPath == "" && !t.AutoGenerate:
		d.report("gateway.tls", "needs certPath and keyPath, since autoGenerate is false")
	}
	for i, p := range c.Gateway.TrustedProxies {
		if _, err := ParseProxy(p); err != nil {
			d.report(join("gateway.trustedProxies", strconv.Itoa(i)), "must be an address like 127.0.0.1 or a network like 10.0.0.0/8")
		}
	}
}

// ParseProxy reads an entry of gateway.trustedProxies: an address, or a network. The network of all addresses is none.
func ParseProxy(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err == nil && p.Bits() == 0 {
		return p, errors.New("everybody is no proxy")
	}
	return p.Masked(), err
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
