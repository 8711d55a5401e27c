package gateway_test

import (
	"flag"
	"testing"

	"github.com/clawdbot/gateway/actors/actortest"
)

// The tests wait far more than they compute: more of them at a time than there are cores. -parallel wins over this.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	actortest.Main(m)
}
