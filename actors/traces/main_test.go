package traces

import (
	"testing"

	"github.com/clawdbot/gateway/actors/actortest"
)

func TestMain(m *testing.M) { actortest.Main(m) }
