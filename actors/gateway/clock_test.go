package gateway

import (
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
)

// TestHungPart: a vital part that does not get on with a message is named; one that is busy, or hangs further down, is not.
func TestHungPart(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]actors.Info{
		"gateway/sessions": {Path: "gateway/sessions", Parent: "gateway", CurrentFor: time.Minute},
		"":                 {Path: "gateway/router", Parent: "gateway", CurrentFor: time.Second},
	} {
		below := actors.Info{Path: "gateway/accounts/account/x", Parent: "gateway/accounts", CurrentFor: time.Hour}
		if got := hungPart([]actors.Info{below, a}); got != want {
			t.Errorf("%+v: %q, want %q", a, got, want)
		}
	}
}
