package computer

import (
	"errors"

	"github.com/clawdbot/gateway/providers/child"
	"github.com/clawdbot/gateway/providers/chromium"
)

// macBrowsers are programs that are not in PATH.
var macBrowsers = []string{
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Brave Browser.app/Contents/MacOS/Brave Browser", "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
}

// browser is the path of a Chromium, "" when there is none.
func (o *Options) browser() string {
	var apps []string
	if o.OS == "darwin" {
		apps = macBrowsers
	}
	return chromium.Look(o.Chromium, apps, o.LookPath)
}

// start starts a browser, whose pages may tell what somebody did in them.
func (v *canvas) start() (chromium.Page, error) {
	o := v.o
	path := o.browser()
	if path == "" {
		return nil, errors.New("there is no Chromium on this computer")
	}
	return o.Page(chromium.PageOptions{
		Path: path, Dir: o.Dir, Env: child.Environ(o.Getenv), Window: o.Window, Script: bridgeJS, Function: bridgeName, Said: v.acted,
	})
}
