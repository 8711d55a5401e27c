//go:build !nojs && !slim

package main

import (
	"github.com/clawdbot/gateway/transport/hooks"
	"github.com/clawdbot/gateway/transport/hooks/javascript"
)

// scripts runs the transforms of hooks. -tags nojs builds a program without the engine.
func scripts() hooks.Engine { return javascript.Run }
