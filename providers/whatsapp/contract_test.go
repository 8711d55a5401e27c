package whatsapp

import (
	"encoding/json"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/whatsappfake"
)

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: startPlatform})
}

func endpointOf(t *testing.T, s *whatsappfake.Server) string {
	t.Helper()
	b, err := json.Marshal(s.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
