package gemini_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/model"
	"github.com/clawdbot/gateway/providers/model/gemini"
	"github.com/clawdbot/gateway/providers/model/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	modeltest.Suite(t, modeltest.Gemini{}, gemini.Factory(), modeltest.Features{Thinks: true, ResultImage: true, Refusals: true, Quota: true})
}

// TestMalformedCall: the vendor itself finds out that a call is none.
func TestMalformedCall(t *testing.T) {
	t.Parallel()
	srv := modeltest.New(t, modeltest.Gemini{}, modeltest.Step{Calls: []model.Call{{ID: "a", Name: "clock", Args: json.RawMessage(`{`)}}})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err := gemini.Factory().New(srv.Endpoint()).Stream(ctx, modeltest.Hello(), func(model.Event) {})
	if model.KindOf(err) != model.Malformed {
		t.Errorf("%v", err)
	}
}
