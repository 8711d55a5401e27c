package outbox

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers"
)

// What did not arrive is sent again only when a person says so, with the same key; what waits can be given up.
func TestChange(t *testing.T) {
	t.Parallel()
	r := newRig(t, config{})
	id := func(method string, id int, want ...string) {
		t.Helper()
		got := r.rpc(method, fmt.Sprintf(`{"id":%d}`, id))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s %d = %s, want %q in it", method, id, got, w)
			}
		}
	}
	first := r.rpcLater("send", sendParams("k", "hi"))
	r.wantCall("send:k#0").answer <- sendError(providers.Ambiguous, "no answer")
	lost := r.got(first)
	r.wantDelivered("send:k#0", "ambiguous")
	id("outbox.retry", 1, `"state":"queued"`, againReason)
	c := r.wantCall("send:k#0")
	if c.Text != "hi" {
		t.Errorf("message = %+v", c.Outgoing)
	}
	id("outbox.drop", 1, "INVALID_REQUEST", "sending")
	c.answer <- sendError(providers.Permanent, "chat not found")
	r.wantDelivered("send:k#0", "failed")
	id("outbox.drop", 1, `"state":"failed"`, "chat not found")
	id("outbox.drop", 1, "INVALID_REQUEST", "given up already")
	id("outbox.retry", 1, `"state":"queued"`)
	r.wantCall("send:k#0").answer <- nil
	r.wantDelivered("send:k#0", "sent")
	id("outbox.retry", 1, "INVALID_REQUEST", "sent")
	id("outbox.show", 1, `"key":"send:k#0"`, `"state":"sent"`)
	id("outbox.show", 99, "INVALID_REQUEST", "no outgoing message 99")
	id("outbox.retry", 99, "INVALID_REQUEST", "no outgoing message 99")
	if got := r.rpc("send", sendParams("k", "hi")); got != lost {
		t.Errorf("the call's answer has changed: %s, was %s", got, lost)
	}

	second := r.rpcLater("send", sendParams("a", "one"))
	a := r.wantCall("send:a#0")
	waiting := r.rpcLater("send", sendParams("b", "two"))
	for deadline := time.Now().Add(20 * time.Second); len(r.items()) < 3; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the second message was not queued")
		}
	}
	id("outbox.drop", 3, `"state":"failed"`, droppedReason)
	a.answer <- nil
	if got := r.got(second); !strings.Contains(got, "messageId") {
		t.Errorf("answer = %s", got)
	}
	for _, got := range []string{r.got(waiting), r.rpc("send", sendParams("b", "two"))} {
		if !strings.Contains(got, droppedReason) {
			t.Errorf("the answer to what was given up = %s", got)
		}
	}
	r.silent("what was given up")
}
