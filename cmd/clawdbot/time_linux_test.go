package main

import (
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// newSteady is the real program beside a fake Bot API, under load, and with nothing dropped or merged of what it accepts.
func newSteady(t *testing.T) (*asked, *load) {
	t.Helper()
	a := newAskedWith(t, map[string]any{"routing": map[string]any{"queue": map[string]any{"mode": "followup", "cap": 100000}}})
	a.says(telegramfake.Direct(777, "good morning"), 1)
	a.sent(1)
	l := startLoad(t, a.d.url, 2)
	t.Cleanup(l.end)
	await(t, "no load", func() bool { _, n := l.soFar(); return n > 30 })
	return a, l
}

// sent waits until the platform has n messages of the gateway, and wants no more.
func (a *asked) sent(n int) {
	a.t.Helper()
	if all, err := a.bot.WaitSent(a.ctx, n); err != nil || len(all) != n {
		a.t.Fatalf("the platform has %d messages, want %d: %v", len(all), n, err)
	}
}

// stoppedFor is how long TestStopped has the process stand still.
func stoppedFor() time.Duration {
	if os.Getenv("CLAWDBOT_CRASH_FULL") == "1" {
		return time.Minute
	}
	return 5 * time.Second
}

// TestStopped: a process that stood still goes on where it was. What was acknowledged is there, what came meanwhile is answered,
// once, and every account is up.
func TestStopped(t *testing.T) {
	t.Parallel()
	a, l := newSteady(t)
	if err := a.d.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	a.says(telegramfake.Direct(777, "are you there?"), 2)
	<-time.After(stoppedFor())
	_, then := l.soFar()
	if err := a.d.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, "it does not go on", func() bool { _, n := l.soFar(); return n > then+30 })
	l.end()
	want, _ := l.soFar()
	wantAll(t, a.d.url, want)
	a.sent(2)
	a.says(telegramfake.Direct(777, "good night"), 3)
	a.sent(3)
	a.well()
	a.d.stop(t)
}

// well wants the gateway ready, and its account up.
func (a *asked) well() {
	a.t.Helper()
	await(a.t, "the account is not up", func() bool {
		var r wire.ProvidersStatusResult
		a.call("providers.status", wire.ProvidersStatusParams{}, &r)
		return slices.ContainsFunc(r.Accounts, func(p wire.ProviderAccount) bool { return p.Account == "telegram" && p.State == "up" })
	})
	if status, reasons := a.d.ready(a.t); status != http.StatusOK {
		a.t.Errorf("/readyz: %d %s", status, reasons)
	}
}

func (a *asked) call(method string, params, result any) {
	a.t.Helper()
	c, err := client.Dial(a.ctx, client.Options{URL: a.d.url})
	if err != nil {
		a.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Call(a.ctx, method, params, result); err != nil {
		a.t.Fatal(err)
	}
}

// TestClockSet: a gateway that is killed, and started after the clock was set, has what was acknowledged; what waits to be
// sent or to be done waits no longer than it was to.
func TestClockSet(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, l := newSteady(t)
			a.call("cron.add", wire.CronAddParams{
				Name: "look", Schedule: wire.CronSchedule{Kind: "every", EveryMs: new(int64(600_000))}, SessionTarget: "main", WakeMode: "next-heartbeat",
				Payload: wire.CronPayload{Kind: "systemEvent", Text: "look around"},
			}, nil)
			a.bot.Always("sendMessage", telegramfake.Status(http.StatusServiceUnavailable))
			a.says(telegramfake.Direct(777, "are you there?"), 2)
			a.why(func(w wire.WhyResult) bool {
				return len(w.Outbox) == 1 && w.Outbox[0].Attempts > 2 && w.Outbox[0].State == "queued"
			}, "2")
			if err := a.d.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = a.d.cmd.Wait()
			l.end()
			want, _ := l.soFar()
			a.bot.Always("sendMessage", telegramfake.Fault{})
			dir := a.vars["HOME"]
			shiftTimes(t, filepath.Join(dir, ".clawdbot", "gateway.db"), -by)

			at, err := url.Parse(a.d.url)
			if err != nil {
				t.Fatal(err)
			}
			a.d = launch(t, dir, "--port", at.Port())
			wantAll(t, a.d.url, want)
			a.sent(2)
			a.says(telegramfake.Direct(777, "good night"), 3)
			a.sent(3)
			a.well()
			var jobs wire.CronListResult
			a.call("cron.list", wire.CronListParams{}, &jobs)
			if len(jobs.Jobs) != 1 || jobs.Jobs[0].State.NextRunAtMs == nil {
				t.Fatalf("jobs: %+v", jobs)
			}
			if in := time.Until(time.UnixMilli(*jobs.Jobs[0].State.NextRunAtMs)); in > 10*time.Minute {
				t.Errorf("a job of every ten minutes is next in %s", in)
			}
			a.d.stop(t)
		})
	}
}

// shiftTimes moves every time in the tables of a database: to the gateway that works with them next, it is the clock that was set.
func shiftTimes(t *testing.T, path string, by time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND (c.name LIKE '%\_at' ESCAPE '\' OR c.name IN ('at', 'ts')) AND c.type = 'INTEGER'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var updates []string
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		updates = append(updates, "UPDATE "+table+" SET "+column+" = "+column+" + ? WHERE "+column+" > 1000000000000")
	}
	if err := rows.Err(); err != nil || len(updates) < 8 {
		t.Fatalf("%d columns of times: %v", len(updates), err)
	}
	for _, update := range updates {
		if _, err := db.Exec(update, by.Milliseconds()); err != nil {
			t.Fatalf("%s: %v", update, err)
		}
	}
}
