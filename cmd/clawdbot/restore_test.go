package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/wire"
)

// TestRestore_holds: what waited to be sent when a backup was made is not sent by the gateway that is restored from it, which sends
// everything else, until somebody says so.
func TestRestore_holds(t *testing.T) {
	t.Parallel()
	a := newAsked(t)
	a.bot.Always("sendMessage", telegramfake.TooMany(1))
	a.says(telegramfake.Direct(777, "good morning"), 601)
	w := a.why(func(w wire.WhyResult) bool {
		return len(w.Outbox) == 1 && w.Outbox[0].Attempts > 0 && w.Outbox[0].State == "queued"
	}, "601")
	id := strconv.FormatInt(w.Outbox[0].ID, 10)
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	if out, err := command(t, a.d.env, "backup", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a.d.stop(t)

	dir := t.TempDir()
	env := environ(t, dir)
	out, err := command(t, env, "restore", file, "--force").CombinedOutput()
	for _, want := range []string{"1 message was to be sent then. They are held", "clawdbot outbox retry ID..."} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("no %q: %v, %s", want, err, out)
		}
	}
	a.bot.Always("sendMessage", telegramfake.Fault{})
	a.d = launch(t, dir, "--port", freePort(t))
	a.says(telegramfake.Direct(777, "good evening"), 602)
	a.why(inState("sent"), "602") // what is behind it in the same chat
	a.text([]string{"0 given up, 1 in doubt"}, "health")
	a.text([]string{"may have gone out since", "outbox retry " + id}, "why", "601")
	if sent := a.bot.Sent(); len(sent) != 1 || !strings.Contains(sent[0].Text, "good evening") {
		t.Errorf("sent %+v", sent)
	}
	a.text([]string{id}, "outbox", "retry", id)
	a.why(inState("sent"), "601")
	if sent := a.bot.Sent(); len(sent) != 2 || !strings.Contains(sent[1].Text, "good morning") {
		t.Errorf("sent %+v", sent)
	}
	a.d.stop(t)
}
