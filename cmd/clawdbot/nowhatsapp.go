//go:build nowhatsapp || slim

package main

import "github.com/clawdbot/gateway/providers"

// whatsappSurface: this program was built without WhatsApp.
func whatsappSurface() []providers.Factory { return nil }
