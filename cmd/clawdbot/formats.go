package main

import (
	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/anthropic"
	"github.com/clawdbot/gateway/providers/model/gemini"
	"github.com/clawdbot/gateway/providers/model/openai"
)

// modelFormats are the model APIs that this program can speak.
func modelFormats() []model.Factory {
	return []model.Factory{anthropic.Factory(), openai.Completions(), openai.Responses(), gemini.Factory()}
}
