package telegram

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{Start: startPlatform})
}

// quick are waits for tests: long enough for a loaded machine, short enough to wait for.
func quick() options {
	return options{
		dial: 2 * time.Second, call: 2 * time.Second, upload: 2 * time.Second,
		longPoll: time.Second, margin: time.Second, minPoll: time.Millisecond,
		retryMin: 5 * time.Millisecond, retryMax: 20 * time.Millisecond,
		conflictMin: 10 * time.Millisecond, conflictMax: 40 * time.Millisecond,
		healthy: time.Second,
	}
}

const ann = 777 // the person of the direct chat

func startPlatform(t *testing.T) providertest.Platform {
	s := telegramfake.Start(t, telegramfake.Options{})
	var mu sync.Mutex
	updateOf := map[string]int64{} // by message id; guarded by mu
	push := func(updates ...telegramfake.Update) {
		mu.Lock()
		defer mu.Unlock()
		for i, id := range s.Push(updates...) {
			m := updates[i]["message"].(map[string]any)
			updateOf[strconv.Itoa(m["message_id"].(int))] = id
		}
	}
	next := 100
	message := func(text string) (telegramfake.Update, string) {
		next++
		return telegramfake.Direct(ann, text).With("message_id", next), strconv.Itoa(next)
	}
	deliver := func(order func(i, n int) int) func(texts ...string) []string {
		return func(texts ...string) (ids []string) {
			updates := make([]telegramfake.Update, len(texts))
			base := 5000 + 100*next
			for i, text := range texts {
				u, id := message(text)
				u["update_id"] = base + i
				updates[order(i, len(texts))] = u
				ids = append(ids, id)
			}
			push(updates...)
			return ids
		}
	}
	update := func(id string) int64 {
		mu.Lock()
		defer mu.Unlock()
		return updateOf[id]
	}
	config, err := json.Marshal(map[string]any{"botToken": s.Token()})
	if err != nil {
		t.Fatal(err)
	}
	return providertest.Platform{
		New:             func(env providers.Env) (providers.Provider, error) { return newProvider(env, quick()) },
		Env:             providers.Env{Config: config, Endpoint: s.URL()},
		Unreachable:     func(env *providers.Env) { env.Endpoint = providertest.DeadEndpoint(t) },
		Secret:          s.Token(),
		Chat:            strconv.Itoa(ann),
		Deliver:         deliver(func(i, _ int) int { return i }),
		DeliverReversed: deliver(func(i, n int) int { return n - 1 - i }),
		Redeliver: func(id string) {
			n, _ := strconv.Atoi(id)
			s.Push(telegramfake.Direct(ann, "once").With("message_id", n))
			next++ // the updates after it need higher ids
		},
		Acked:     func(id string) bool { return s.Acked() >= update(id) },
		WaitAcked: func(ctx context.Context, id string) error { return s.WaitAcked(ctx, update(id)) },
		Sent: func() (texts []string) {
			for _, m := range s.Sent() {
				texts = append(texts, m.Text)
			}
			return texts
		},
		WaitSent: func(ctx context.Context, n int) error {
			_, err := s.WaitSent(ctx, n)
			return err
		},
		Inject:     func(f providertest.Fault) bool { return inject(t, s, f) },
		RetryAfter: time.Second,
	}
}

// inject makes the fake Bot API show a fault of the contract.
func inject(t *testing.T, s *telegramfake.Server, f providertest.Fault) bool {
	fault := telegramfake.Status
	switch f {
	case providertest.RefuseLogin:
		s.Always("getMe", fault(http.StatusUnauthorized))
	case providertest.RevokeLogin:
		s.Always("getUpdates", fault(http.StatusUnauthorized))
		s.DropConnections()
	case providertest.Conflict:
		// A second program, as it really comes about; it may come between two polls and go unnoticed.
		for before := s.Overlaps(); s.Overlaps() == before; {
			if err := s.WaitPolling(t.Context()); err != nil {
				t.Fatal(err)
			}
			resp, err := http.Get(s.URL() + "/bot" + s.Token() + "/getUpdates?timeout=0")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		http.DefaultClient.CloseIdleConnections()
	case providertest.ReceiveRateLimit:
		s.Script("getUpdates", telegramfake.TooMany(1))
		s.DropConnections()
	case providertest.ReceiveServerError:
		s.Script("getUpdates", fault(500), telegramfake.Fault{Code: 502, Raw: "<html>bad gateway</html>"}, fault(500))
	case providertest.ReceiveDrop:
		if err := s.DropPolling(t.Context()); err != nil {
			t.Fatal(err)
		}
	case providertest.ReceiveSilence:
		s.Silence()
	case providertest.ReceiveDown:
		s.Always("getUpdates", fault(500))
	case providertest.SendRateLimit:
		s.Script("sendMessage", telegramfake.TooMany(1))
	case providertest.SendServerError:
		s.Script("sendMessage", fault(500))
	case providertest.SendRefused:
		s.Script("sendMessage", fault(http.StatusForbidden))
	case providertest.SendUnauthorized:
		s.Script("sendMessage", fault(http.StatusUnauthorized))
	case providertest.SendDropBefore:
		s.Script("sendMessage", telegramfake.DropBefore())
	case providertest.SendDropAfter:
		s.Script("sendMessage", telegramfake.DropAfter())
	case providertest.SendSilence:
		s.Script("sendMessage", telegramfake.HangAfter())
	default:
		return false
	}
	return true
}
