package process

import (
	"testing"

	"github.com/clawdbot/gateway/actors/actortest"
)

func TestMain(m *testing.M) {
	Child()
	actortest.Main(m)
}
