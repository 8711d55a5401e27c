package openai_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/model/modeltest"
	"github.com/clawdbot/gateway/providers/model/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCompletions(t *testing.T) {
	modeltest.Suite(t, modeltest.Chat{}, openai.Completions(), modeltest.Features{
		Thinks: true, BadArgs: true, ResultImage: true, Refusals: true, Quota: true, Safety: true,
	})
}

// TestCompletions_thinkTags is a plain server whose model thinks aloud.
func TestCompletions_thinkTags(t *testing.T) {
	modeltest.Suite(t, modeltest.Chat{ThinkTags: true}, openai.Completions(), modeltest.Features{
		Thinks: true, BadArgs: true, ResultImage: true, Refusals: true, Quota: true, Safety: true,
	})
}

func TestResponses(t *testing.T) {
	modeltest.Suite(t, modeltest.Responses{}, openai.Responses(), modeltest.Features{
		Thinks: true, Signed: true, BadArgs: true, ResultImage: true, Refusals: true, Quota: true, Safety: true,
	})
}

var update = flag.Bool("update", false, "write what the formats send into testdata")

func TestBodies(t *testing.T) {
	modeltest.Bodies(t, openai.Completions(), "testdata/completions.json", *update)
	modeltest.Bodies(t, openai.Responses(), "testdata/responses.json", *update)
}
