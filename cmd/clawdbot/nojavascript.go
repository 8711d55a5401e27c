//go:build nojs || slim

package main

import "github.com/clawdbot/gateway/transport/hooks"

// scripts: this program was built without JavaScript.
func scripts() hooks.Engine { return nil }
