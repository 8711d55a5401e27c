package pi

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/codeagent/codetest"
)

func TestMain(m *testing.M) {
	codetest.Main()
	goleak.VerifyTestMain(m)
}
