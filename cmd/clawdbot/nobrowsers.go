//go:build nobrowser || slim

package main

import "github.com/clawdbot/gateway/providers/chromium"

// browsers: this program was built without them.
func browsers() (chromium.Start, chromium.StartPage) { return nil, nil }
