//go:build slim && !nomodels

package main

import (
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/gemini"
	"github.com/clawdbot/gateway/providers/model/openai"
)

// modelFormats are the model APIs that need no vendor's library: those of nearly all servers on a computer or at home, of OpenAI
// and of Google.
func modelFormats() []model.Factory {
	return []model.Factory{openai.Completions(), openai.Responses(), gemini.Factory()}
}
