//go:build !nobrowser && !slim

package main

import (
	"github.com/clawdbot/gateway/providers/chromium"
	"github.com/clawdbot/gateway/providers/chromium/devtools"
)

// browsers start the agent's browser, and that of the canvas of clawdbot node. -tags nobrowser builds a program without the library.
func browsers() (chromium.Start, chromium.StartPage) { return devtools.Start, devtools.StartPage }
