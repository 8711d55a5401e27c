package outbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/providers"
)

func sendParams(key, text string) string {
	return fmt.Sprintf(`{"to":" telegram:7 ","message":" %s ","provider":"Telegram","idempotencyKey":%q}`, text, key)
}

func TestSend_answersOnceDeliveredAndRepeatsTheAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	first, second := r.rpcLater("send", sendParams("k", "hi")), r.rpcLater("send", sendParams("k", "hi"))
	c := r.wantCall("send:k#0")
	if c.Text != "hi" || c.Route.Chat != "7" || c.Route.Account != "telegram" {
		t.Errorf("message = %+v", c.Outgoing)
	}
	select {
	case got := <-first:
		t.Fatalf("answered before it was delivered: %s", got)
	default:
	}
	c.answer <- nil
	want := `{"runId":"k","messageId":"r-send:k#0","chatId":"7","provider":"telegram"}`
	for _, answer := range []<-chan string{first, second, r.rpcLater("send", sendParams("k", "other text"))} {
		if got := r.got(answer); got != want {
			t.Errorf("answer = %s, want %s", got, want)
		}
	}
	r.silent("twice")
}

func TestSend_failureIsRepeatedToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	first := r.rpcLater("send", sendParams("k", "hi"))
	r.wantCall("send:k#0").answer <- sendError(providers.Permanent, "chat not found")
	for _, got := range []string{r.got(first), r.rpc("send", sendParams("k", "hi"))} {
		if !strings.Contains(got, `"code":"UNAVAILABLE"`) || !strings.Contains(got, `"message":"Error: chat not found"`) {
			t.Errorf("answer = %s", got)
		}
	}
	r.silent("again after it failed")
}

func TestSend_ambiguousSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	first := r.rpcLater("send", sendParams("k", "hi"))
	r.wantCall("send:k#0").answer <- sendError(providers.Ambiguous, "no answer")
	if got := r.got(first); !strings.Contains(got, "may or may not have arrived") || !strings.Contains(got, "UNAVAILABLE") {
		t.Errorf("answer = %s", got)
	}
	r.silent("again although it may have arrived")
}

func TestSend_manyParts(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	good := r.rpcLater("send", sendParams("good", "0123456789abcdefghijxyz")) // the account takes 10 at a time
	for i := range 3 {
		r.wantCall(fmt.Sprintf("send:good#%d", i)).answer <- nil
	}
	if got := r.got(good); !strings.Contains(got, `"messageId":"r-send:good#2"`) {
		t.Errorf("answer = %s", got)
	}
	bad := r.rpcLater("send", sendParams("bad", "0123456789abc"))
	r.wantCall("send:bad#0").answer <- sendError(providers.Permanent, "first part refused")
	select {
	case got := <-bad:
		t.Fatalf("answered with a part still to go: %s", got)
	default:
	}
	r.wantCall("send:bad#1").answer <- nil
	if got := r.got(bad); !strings.Contains(got, "first part refused") {
		t.Errorf("answer = %s", got)
	}
}

func TestSend_refusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	for name, tt := range map[string]struct{ params, code, text string }{
		"default provider": {`{"to":"+1","message":"hi","idempotencyKey":"a"}`, "UNAVAILABLE", "Error: WhatsApp is not linked"},
		"unknown provider": {`{"to":"+1","message":"hi","provider":"pigeon","idempotencyKey":"b"}`, "UNAVAILABLE", "Error: WhatsApp is not linked"},
		"blank to":         {`{"to":" ","message":"hi","provider":"telegram","idempotencyKey":"c"}`, "INVALID_REQUEST", "invalid send params"},
		"blank message":    {`{"to":"1","message":" ","provider":"telegram","idempotencyKey":"d"}`, "INVALID_REQUEST", "invalid send params"},
	} {
		for range 2 { // the second time from the table, where it was settled
			if got := r.rpc("send", tt.params); !strings.Contains(got, `"code":"`+tt.code+`"`) || !strings.Contains(got, tt.text) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	if len(r.items()) != 0 {
		t.Errorf("queued: %s", r.dump())
	}
}

func TestSend_terminalAccountIsToldAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.check(r.accounts.Tell(account.Start{Account: "telegram", Factory: providers.Factory{
		Surface: "telegram", New: func(providers.Env) (providers.Provider, error) {
			return nil, errors.New("telegram.botToken: malformed")
		},
	}}))
	r.down(account.Terminal)
	if got := r.rpc("send", sendParams("k", "hi")); !strings.Contains(got, "Error: Telegram is down: telegram.botToken: malformed") {
		t.Errorf("answer = %s", got)
	}
}

// TestSend_stillQueued: a call that waited its minute is told so, and a repeat goes on waiting for the same message.
func TestSend_stillQueued(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.platform.links <- providers.LinkDegraded
	r.down(account.Degraded)
	first := r.rpcLater("send", sendParams("k", "hi"))
	for began := time.Now(); len(r.items()) == 0; {
		if time.Since(began) > patience {
			t.Fatal("the message is not queued")
		}
	}
	r.check(r.ref.Tell(limit{"k", 1})) // the minute is over
	if got := r.got(first); !strings.Contains(got, `"retryable":true`) || !strings.Contains(got, "still queued") {
		t.Errorf("answer = %s", got)
	}
	second := r.rpcLater("send", sendParams("k", "hi"))
	r.platform.links <- providers.LinkUp
	r.wantCall("send:k#0").answer <- nil
	if got := r.got(second); !strings.Contains(got, `"messageId":"r-send:k#0"`) {
		t.Errorf("answer = %s", got)
	}
	if n := len(r.items()); n != 1 {
		t.Errorf("%d items for one key", n)
	}
}

// TestSend_repeatAfterAStop: the key, the message and its answer outlive the process.
func TestSend_repeatAfterAStop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("first life", func(t *testing.T) {
		r := newRig(t, config{dir: dir})
		sent := r.rpcLater("send", sendParams("sent", "hi"))
		r.wantCall("send:sent#0").answer <- nil
		r.got(sent)
		r.platform.links <- providers.LinkDegraded
		r.down(account.Degraded)
		r.rpcLater("send", sendParams("queued", "hi"))
		for began := time.Now(); len(r.items()) < 2; {
			if time.Since(began) > patience {
				t.Fatal("the message is not queued")
			}
		}
	})
	r := newRig(t, config{dir: dir})
	if got := r.rpc("send", sendParams("sent", "hi")); !strings.Contains(got, `"messageId":"r-send:sent#0"`) {
		t.Errorf("answer = %s", got)
	}
	queued := r.rpcLater("send", sendParams("queued", "hi"))
	r.wantCall("send:queued#0").answer <- nil
	if got := r.got(queued); !strings.Contains(got, `"messageId":"r-send:queued#0"`) {
		t.Errorf("answer = %s", got)
	}
	r.silent("twice")
}

// TestSend_storeFails: an operation that was taken back queued nothing, so the same key may be tried again.
func TestSend_storeFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	r.failNth("op", 1)
	if got := r.rpc("send", sendParams("k", "hi")); !strings.Contains(got, `"retryable":true`) || !strings.Contains(got, "UNAVAILABLE") {
		t.Errorf("answer = %s", got)
	}
	again := r.rpcLater("send", sendParams("k", "hi"))
	r.wantCall("send:k#0").answer <- nil
	if got := r.got(again); !strings.Contains(got, `"messageId"`) {
		t.Errorf("answer = %s", got)
	}
}

// failNth makes the store's n-th visit to a stage from now on fail.
func (r *rig) failNth(stage string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = func(s string) error {
		if s != stage {
			return nil
		}
		if n--; n == 0 {
			return errors.New("disk full")
		}
		return nil
	}
}

// A file goes with the text as its caption; one that cannot be had is no outcome, so that the same call may be made again.
func TestSend_media(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	params := func(ref string) string {
		return fmt.Sprintf(`{"to":"7","message":"look","mediaUrl":%q,"provider":"telegram","idempotencyKey":"m"}`, ref)
	}
	if got := r.rpc("send", params("missing")); !strings.Contains(got, "no such file") || !strings.Contains(got, "UNAVAILABLE") {
		t.Errorf("answer = %s", got)
	}
	first := r.rpcLater("send", params("a.png"))
	c := r.wantCall("send:m#0")
	if c.Text != "look" || c.Media == nil || c.Media.Path != "/copy/of/a.png" {
		t.Errorf("message = %+v", c.Outgoing)
	}
	needed, err := neededFiles(t.Context(), r.store)
	if err != nil || !needed["/copy/of/a.png"] {
		t.Errorf("needed %v, %v", needed, err)
	}
	c.answer <- nil
	want := r.got(first)
	if got := r.rpc("send", params("missing")); got != want {
		t.Errorf("the repeat = %s, want %s", got, want)
	}
	if needed, err := neededFiles(t.Context(), r.store); err != nil || len(needed) != 0 {
		t.Errorf("still needed %v, %v", needed, err)
	}
}
