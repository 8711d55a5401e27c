package anthropic_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/model/anthropic"
	"github.com/clawdbot/gateway/providers/model/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	modeltest.Suite(t, modeltest.Anthropic{}, anthropic.Factory(), modeltest.Features{
		Thinks: true, Signed: true, BadArgs: true, ResultImage: true, Refusals: true, CacheWrites: true, Quota: true,
	})
}

var update = flag.Bool("update", false, "write what the format sends into testdata")

func TestBodies(t *testing.T) {
	modeltest.Bodies(t, anthropic.Factory(), "testdata/messages.json", *update)
}
