//go:build !nowhatsapp && !slim

package main

import (
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/whatsapp"
)

// whatsappSurface is WhatsApp. It links code under the GPL-3.0: -tags nowhatsapp builds a program without it.
func whatsappSurface() []providers.Factory { return []providers.Factory{whatsapp.Factory()} }
