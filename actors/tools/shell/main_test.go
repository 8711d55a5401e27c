package shell

import (
	"testing"

	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/actors/process"
)

func TestMain(m *testing.M) {
	process.Child()
	actortest.Main(m)
}
