package slack

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/slackfake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: startPlatform})
}

// quick are waits for tests: long enough for a loaded machine, short enough to wait for.
func quick() options {
	return options{
		dial: 2 * time.Second, call: 2 * time.Second, upload: 2 * time.Second, fetch: 2 * time.Second, lookup: time.Second,
		ping: time.Second, read: 3 * time.Second, ack: 3 * time.Second,
		retryMin: 5 * time.Millisecond, retryMax: 20 * time.Millisecond, slowMin: 10 * time.Millisecond, slowMax: 40 * time.Millisecond,
		healthy: time.Second, flush: 10 * time.Millisecond, late: time.Minute, settle: 10 * time.Millisecond,
	}
}

func startPlatform(t *testing.T) providertest.Platform {
	s := slackfake.Start(t, slackfake.Options{PingEvery: 50 * time.Millisecond})
	s.People()
	config, err := json.Marshal(map[string]any{"botToken": slackfake.DefaultBotToken, "appToken": slackfake.DefaultAppToken})
	if err != nil {
		t.Fatal(err)
	}
	deliver := func(reversed bool) func(texts ...string) []string {
		return func(texts ...string) []string {
			messages := make([]slackfake.Message, len(texts))
			for i, text := range texts {
				messages[i] = slackfake.Message{Channel: slackfake.AnnDM, User: slackfake.Ann, Text: text}
			}
			return s.PostAll(messages, reversed)
		}
	}
	return providertest.Platform{
		New:             func(env providers.Env) (providers.Provider, error) { return newProvider(env, quick()) },
		Env:             providers.Env{Config: config, Endpoint: s.URL()},
		Unreachable:     func(env *providers.Env) { env.Endpoint = providertest.DeadEndpoint(t) },
		Secret:          slackfake.DefaultBotToken,
		HearsItself:     true,
		Chat:            slackfake.AnnDM,
		Deliver:         deliver(false),
		DeliverReversed: deliver(true),
		Redeliver:       func(id string) { s.Again(slackfake.AnnDM, id) },
		Acked:           s.Acked,
		WaitAcked:       s.WaitAcked,
		Sent: func() (texts []string) {
			for _, m := range s.Sent("") {
				texts = append(texts, m.Text)
			}
			return texts
		},
		WaitSent:   func(ctx context.Context, n int) error { return s.WaitSent(ctx, "", n) },
		Inject:     s.Inject,
		RetryAfter: time.Second,
	}
}
