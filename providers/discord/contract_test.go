package discord

import (
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/discordfake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: startPlatform})
}

// quick are waits for tests: long enough for a loaded machine, short enough to wait for.
func quick() options {
	return options{
		dial: 2 * time.Second, call: 2 * time.Second, upload: 2 * time.Second,
		handshake: 5 * time.Second, write: 2 * time.Second, ackWait: 2 * time.Second, beatMax: time.Minute,
		retryMin: 5 * time.Millisecond, retryMax: 20 * time.Millisecond, invalidMin: time.Millisecond, healthy: time.Second,
		flush: 10 * time.Millisecond, queue: 2000, fetchMax: 500, fetchAge: time.Hour, answerTTL: time.Minute,
	}
}

func startPlatform(t *testing.T) providertest.Platform {
	s := discordfake.Start(t, discordfake.Options{Interval: 30 * time.Millisecond})
	config, err := json.Marshal(map[string]any{"token": s.Token(), "dm": map[string]any{"allowFrom": []string{"*"}}})
	if err != nil {
		t.Fatal(err)
	}
	return providertest.Platform{
		New:             func(env providers.Env) (providers.Provider, error) { return newProvider(env, quick()) },
		Env:             providers.Env{Config: config, Endpoint: s.URL()},
		Unreachable:     func(env *providers.Env) { env.Endpoint = providertest.DeadEndpoint(t) },
		Secret:          s.Token(),
		HearsItself:     true,
		Chat:            discordfake.AnnDM,
		Deliver:         func(texts ...string) []string { return s.SayAll(discordfake.Ann, discordfake.AnnDM, texts, false) },
		DeliverReversed: func(texts ...string) []string { return s.SayAll(discordfake.Ann, discordfake.AnnDM, texts, true) },
		Redeliver:       s.Again,
		Acked:           s.Acked,
		WaitAcked:       s.WaitAcked,
		Sent: func() (texts []string) {
			for _, m := range s.Posted() {
				texts = append(texts, m.Content)
			}
			return texts
		},
		WaitSent:   s.WaitPosted,
		Inject:     s.Inject,
		RetryAfter: discordfake.RetryAfter,
	}
}
