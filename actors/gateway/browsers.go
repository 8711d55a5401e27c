package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/clawdbot/gateway/actors/browser"
	"github.com/clawdbot/gateway/actors/tools/browse"
	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/providers/chromium"
	"github.com/clawdbot/gateway/transport/wire"
)

// browserLimit is what one request of a client may take, a slow start of the browser included.
const browserLimit = 100 * time.Second

// browserOff says why there is no browser; nil = there is one.
func (g *Gateway) browserOff() error {
	c := g.doc.Load().Config.Browser
	switch {
	case g.env.SkipBrowser:
		return errors.New("the browser is off: CLAWDBOT_SKIP_BROWSER_CONTROL_SERVER is set")
	case !c.Enabled:
		return errors.New("the browser is off: browser.enabled is false")
	case c.AttachOnly:
		return errors.New("the browser is off: browser.attachOnly is set, and this gateway starts browsers of its own only")
	}
	if g.o.Browser == nil {
		return fmt.Errorf("the browser is off: %w", chromium.ErrLeftOut)
	}
	_, err := chromium.Find(c.ExecutablePath)
	return err
}

// browserProfiles are those that the configuration names, the default first: no other is ever used. One with a cdpUrl is a
// browser elsewhere, which is not ours to drive.
func (g *Gateway) browserProfiles() []string {
	c := g.doc.Load().Config.Browser
	if g.browserOff() != nil {
		return nil
	}
	all := []string{c.DefaultProfile}
	for _, name := range slices.Sorted(maps.Keys(c.Profiles)) {
		if name != c.DefaultProfile && c.Profiles[name].CDPURL == "" {
			all = append(all, name)
		}
	}
	return all
}

func (g *Gateway) browseOptions() browse.Options {
	return browse.Options{Owner: g.tree.browsers, Profiles: g.browserProfiles, Off: g.browserOff, Load: g.load, Save: g.toolOptions().Save}
}

// startBrowser starts the browser of a profile, whose directory is below the state directory and nowhere else.
func (g *Gateway) startBrowser(ctx context.Context, profile string) (browser.Browser, error) {
	c := g.doc.Load().Config.Browser
	if !filepath.IsLocal(profile) || filepath.Base(profile) != profile {
		return nil, errors.New("browser: a profile's name is letters, digits and -")
	}
	dir := filepath.Join(g.env.StateDir, "browser", profile)
	b, err := g.o.Browser(ctx, chromium.Options{
		Path: c.ExecutablePath, Profile: filepath.Join(dir, "user-data"), Downloads: filepath.Join(dir, "downloads"),
		Window: !c.Headless && g.hasDisplay(), NoSandbox: c.NoSandbox, Env: child.Environ(g.o.Getenv),
	})
	if err != nil {
		return nil, err
	}
	g.log.Info("browser started", "profile", profile)
	return b, nil
}

// hasDisplay tells whether a window could be seen.
func (g *Gateway) hasDisplay() bool {
	return g.o.Getenv("DISPLAY") != "" || g.o.Getenv("WAYLAND_DISPLAY") != "" || runtime.GOOS == "darwin"
}

// browserRequest is the method of the command line, an addition to the protocol.
func (g *Gateway) browserRequest() wire.Method {
	return wire.Strict("browser.request", func(c *wire.Call, p wire.BrowserRequestParams) {
		args := map[string]wire.Raw{}
		if len(p.Args) > 0 && wire.Unmarshal(p.Args, &args) != nil {
			c.Fail(wire.InvalidRequest("args must be an object"))
			return
		}
		for name, v := range map[string]string{"action": p.Action, "profile": p.Profile} {
			if v != "" {
				args[name], _ = wire.Marshal(v) // cannot fail for a string
			}
		}
		raw, err := wire.Marshal(args)
		if err != nil {
			c.Fail(err)
			return
		}
		if c.Hold != nil {
			c.Hold()
		}
		go func() { // it bounds itself, and the actor bounds how many there are
			ctx, cancel := context.WithTimeoutCause(context.Background(), browserLimit, errors.New("the browser did not answer in time"))
			defer cancel()
			result, err := g.browseOptions().Run(ctx, raw)
			if err != nil {
				c.Fail(wire.InvalidRequest("browser: %v", err))
				return
			}
			encoded, err := wire.Marshal(result)
			c.Answer(wire.BrowserRequestResult{Result: encoded}, err)
		}()
	})
}
