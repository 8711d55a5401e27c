package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

// bench is one provider on one fake, for what the contract suite cannot ask.
type bench struct {
	*telegramfake.Server
	p        *Provider
	ctx      context.Context
	received chan string
	notes    chan providers.Incoming
	states   chan providers.Status
	fail     atomic.Pointer[string] // Receive refuses this text, once
	mounted  atomic.Pointer[hook]   // what answers at the address of the webhook
}

func newBench(t *testing.T, config map[string]any, opt options) *bench {
	t.Helper()
	s := telegramfake.Start(t, telegramfake.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	b := &bench{Server: s, ctx: ctx, received: make(chan string, 1000), notes: make(chan providers.Incoming, 1000), states: make(chan providers.Status, 1000)}
	if config == nil {
		config = map[string]any{}
	}
	config["botToken"] = s.Token()
	if config["webhookUrl"] == front {
		config["webhookUrl"] = b.front(t)
	}
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	b.p, err = newProvider(providers.Env{
		Config: raw, Endpoint: s.URL() + "/",
		Receive: func(_ context.Context, m providers.Incoming) error {
			if text := b.fail.Load(); text != nil && *text == m.Text {
				b.fail.Store(nil)
				return errors.New("disk full")
			}
			if m.Note {
				b.notes <- m
				return nil
			}
			b.received <- m.Text
			return nil
		},
		State: func(s providers.Status) { b.states <- s },
		Mount: b.mount,
	}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run starts Run; stop ends it and returns its error.
func (b *bench) run(t *testing.T) (stop func() error) {
	ctx, cancel := context.WithCancel(b.ctx)
	var once sync.Once
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = b.p.Run(ctx)
	}()
	stop = func() error {
		once.Do(func() { cancel(); <-done })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func (b *bench) texts(t *testing.T, n int) (texts []string) {
	t.Helper()
	for range n {
		select {
		case s := <-b.received:
			texts = append(texts, s)
		case <-b.ctx.Done():
			t.Fatalf("received only %q", texts)
		}
	}
	return texts
}

// awaitLink drops reports until one with the link comes.
func (b *bench) awaitLink(t *testing.T, link providers.Link) providers.Status {
	t.Helper()
	for {
		select {
		case s := <-b.states:
			if s.Link == link {
				return s
			}
		case <-b.ctx.Done():
			t.Fatalf("link never became %q", link)
		}
	}
}

func TestRun_movesPastWhatWasTaken(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	two := "two"
	b.fail.Store(&two)
	ids := b.Push(telegramfake.Direct(7, "one"), telegramfake.Direct(7, "two"), telegramfake.Direct(7, "three"))
	b.run(t)
	if diff := cmp.Diff([]string{"one", "two", "three"}, b.texts(t, 3)); diff != "" {
		t.Error(diff)
	}
	if err := b.WaitAcked(b.ctx, ids[2]); err != nil {
		t.Fatal(err)
	}
	if len(b.received) != 0 {
		t.Errorf("received %q once more", <-b.received)
	}
	if b.Pending() != 0 || b.Overlaps() != 0 {
		t.Errorf("%d pending, %d polls overlapped", b.Pending(), b.Overlaps())
	}
}

func TestRun_skipsWhatIsNotForIt(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	edited := telegramfake.Update{"edited_message": telegramfake.Direct(7, "edited").With("message_id", 1)["message"]}
	unreadable := telegramfake.Direct(7, "x").With("text", map[string]any{"not": "a text"})
	ids := b.Push(
		edited, telegramfake.Update{"callback_query": map[string]any{"id": "1"}}, telegramfake.Update{}, unreadable,
		telegramfake.Direct(7, "x").With("text", nil), telegramfake.Group(-100, 7, "last"),
	)
	b.run(t)
	if diff := cmp.Diff([]string{"last"}, b.texts(t, 1)); diff != "" {
		t.Error(diff)
	}
	if err := b.WaitAcked(b.ctx, ids[len(ids)-1]); err != nil {
		t.Fatal(err)
	}
	if got := b.LastCall("getUpdates")["allowed_updates"]; got != `["message","edited_message","message_reaction"]` {
		t.Errorf("allowed_updates = %s", got)
	}
}

func TestRun_takesTheWebhookAway(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	b.SetWebhook("https://example.com/hook")
	b.run(t)
	b.awaitLink(t, providers.LinkUp)
	if got := b.LastCall("deleteWebhook")["drop_pending_updates"]; got != "false" {
		t.Errorf("drop_pending_updates = %q: pending messages would be lost", got)
	}
	// Set by somebody while we poll: it is a conflict, and the next login takes it away again.
	if err := b.WaitPolling(b.ctx); err != nil {
		t.Fatal(err)
	}
	b.SetWebhook("https://example.com/hook")
	b.DropConnections()
	b.awaitLink(t, providers.LinkUp)
	b.Push(telegramfake.Direct(7, "through"))
	b.texts(t, 1)
}

// Servers that lack deleteWebhook have no webhook either. The token was good a moment ago.
func TestRun_withoutDeleteWebhook(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	b.Always("deleteWebhook", telegramfake.Status(http.StatusNotFound))
	b.run(t)
	b.awaitLink(t, providers.LinkUp)
}

// After a quiet week the platform goes on at a random update id.
func TestRun_followsIdsDownwards(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	first := telegramfake.Direct(7, "high")
	first["update_id"] = 900000
	b.Push(first)
	b.run(t)
	b.texts(t, 1)
	if err := b.WaitAcked(b.ctx, 900000); err != nil {
		t.Fatal(err)
	}
	// The fake keeps what is below the offset until the next acknowledgement, as the real one does.
	second := telegramfake.Direct(7, "low")
	second["update_id"] = 50
	if err := b.WaitPolling(b.ctx); err != nil {
		t.Fatal(err)
	}
	b.Push(second)
	b.texts(t, 1)
}

func TestRun_refusalNamesTheField(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusUnauthorized, http.StatusNotFound} {
		b := newBench(t, nil, quick())
		b.Always("getMe", telegramfake.Status(code))
		err := b.p.Run(b.ctx)
		if !errors.Is(err, providers.ErrTerminal) || !strings.Contains(err.Error(), "telegram.botToken") {
			t.Errorf("Run = %v, want a terminal error about telegram.botToken", err)
		}
		down := b.awaitLink(t, providers.LinkDown)
		if down.Reason != err.Error() {
			t.Errorf("reason %q, want %q", down.Reason, err)
		}
	}
	if got := place(SourceFile) + place(SourceEnv); !strings.Contains(got, "telegram.tokenFile") || !strings.Contains(got, "TELEGRAM_BOT_TOKEN") {
		t.Errorf("places %q", got)
	}
}

// An error page of something in between is not the platform's word on the token.
func TestRun_foreignRefusalIsNotFinal(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	b.Script("getMe", telegramfake.Fault{Code: 404, Raw: "<html>no such page</html>"}, telegramfake.Fault{Code: 401, Raw: "log in to the network"})
	b.run(t)
	b.awaitLink(t, providers.LinkUp)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	opt := defaultOptions()
	p := &Provider{env: providers.Env{Now: time.Now}, opt: opt}
	plan := func(err error) (time.Duration, string) {
		l := &poller{p: p, link: providers.Backoff{Min: time.Second, Max: time.Minute}, conflict: providers.Backoff{Min: opt.conflictMin, Max: opt.conflictMax}}
		return l.plan(err)
	}
	if wait, reason := plan(&apiError{answered: true, code: 409, text: "Conflict"}); wait <= opt.longPoll || !strings.Contains(reason, "another program") {
		t.Errorf("after 409: %v, %q; want more than a long poll of %v", wait, reason, opt.longPoll)
	}
	if wait, _ := plan(fmt.Errorf("wrapped: %w", &apiError{answered: true, code: 429, retryAfter: time.Hour})); wait != time.Hour {
		t.Errorf("after 429: %v", wait)
	}
	if wait, _ := plan(errors.New("network")); wait > time.Second {
		t.Errorf("after the first network error: %v", wait)
	}
}

// Servers that answer at once, with nothing or with the same update for ever, must not be asked in a busy loop.
func TestRun_noBusyLoop(t *testing.T) {
	t.Parallel()
	for name, updates := range map[string]string{
		"empty at once": `[]`,
		"repeats":       `[{"update_id":7,"edited_message":{"message_id":1}}]`,
		"no update id":  `[{"message":{"message_id":1}}]`,
		"no list":       `{"a":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var polls atomic.Int64
			enough := make(chan struct{})
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				result := `{"id":42,"username":"b"}`
				if strings.HasSuffix(r.URL.Path, "/getUpdates") {
					result = updates
					if polls.Add(1) == 6 {
						close(enough)
					}
				}
				fmt.Fprintf(w, `{"ok":true,"result":%s}`, result)
			}))
			t.Cleanup(h.Close)
			opt := quick()
			opt.minPoll, opt.retryMin, opt.retryMax = 40*time.Millisecond, 40*time.Millisecond, 40*time.Millisecond
			p, err := newProvider(providers.Env{Config: json.RawMessage(`{"botToken":"1:a"}`), Endpoint: h.URL}, opt)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			start := time.Now()
			go func() { done <- p.Run(ctx) }()
			select {
			case <-enough:
			case err := <-done:
				t.Fatal(err)
			}
			// Six polls have at least three pauses between them, of at least half the shortest wait.
			if took := time.Since(start); took < 60*time.Millisecond {
				t.Errorf("6 polls in %v", took)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRun_manyMessagesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, quick())
	b.run(t)
	var want []string
	for i := range 250 { // more than two batches
		want = append(want, strconv.Itoa(i))
		b.Push(telegramfake.Direct(int64(1+i%3), want[i]))
	}
	if diff := cmp.Diff(want, b.texts(t, len(want))); diff != "" {
		t.Error(diff)
	}
}
