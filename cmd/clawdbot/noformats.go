//go:build nomodels

package main

import "github.com/clawdbot/gateway/providers/model"

// modelFormats: this program was built without models.
func modelFormats() []model.Factory { return nil }
