package session

import (
	"testing"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestChooseModels: the session's own model, then the one that the run names (a heartbeat's), then the default (providers d.1).
func TestChooseModels(t *testing.T) {
	t.Parallel()
	o := Options{
		Settings: func() Settings {
			return Settings{Model: "acme/big", AllowedModels: []string{"acme/big", "acme/small"}, ModelAliases: map[string]string{"quick": "acme/small"}, Fallbacks: []string{"acme/small"}}
		},
		Models: func() []wire.ModelInfo {
			return []wire.ModelInfo{{Provider: "acme", ID: "big"}, {Provider: "acme", ID: "small"}, {Provider: "acme", ID: "other"}}
		},
	}
	own := wire.SessionEntry{ProviderOverride: "acme", ModelOverride: "small"}
	for name, tc := range map[string]struct {
		entry       wire.SessionEntry
		asked, want string
	}{
		"the default":              {wire.SessionEntry{}, "", "acme/big"},
		"the run's":                {wire.SessionEntry{}, "acme/small", "acme/small"},
		"the run's, by its alias":  {wire.SessionEntry{}, "quick", "acme/small"},
		"the session's own":        {own, "acme/big", "acme/small"},
		"the run's is not allowed": {wire.SessionEntry{}, "acme/other", "acme/big"},
	} {
		j := agent.Job{Request: agent.Request{Model: tc.asked}}
		if o.chooseModels(tc.entry, &j); j.Model != tc.want {
			t.Errorf("%s: %s, want %s", name, j.Model, tc.want)
		}
	}
}
