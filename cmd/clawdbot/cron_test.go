package main

import (
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

func TestCron_life(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	if out := l.ok("cron", "list"); !strings.Contains(out, "No jobs") {
		t.Errorf("list: %s", out)
	}
	var tea wire.CronJob
	l.json(&tea, "cron", "add", "--name", "tea", "--at", "+4m", "--system-event", "the tea is ready", "--wake", "now", "--description", "d")
	if tea.SessionTarget != "main" || tea.WakeMode != "now" || tea.Description != "d" || tea.Schedule.AtMs == nil || !tea.Enabled {
		t.Errorf("added %+v", tea)
	}
	if d := time.Until(time.UnixMilli(*tea.Schedule.AtMs)); d < time.Minute || d > 4*time.Minute {
		t.Errorf("in %s", d)
	}
	var digest wire.CronJob
	l.json(&digest, "cron", "add", "--name", "digest", "--cron", "0 7 * * *", "--tz", "Europe/Berlin", "--message", "sum up", "--disabled",
		"--deliver", "--channel", "telegram", "--to", "1", "--best-effort-deliver", "--timeout-seconds", "9", "--thinking", "low", "--post-prefix", "P")
	p := digest.Payload
	if digest.SessionTarget != "isolated" || digest.Enabled || p.Message != "sum up" || !*p.Deliver || p.Channel != "telegram" || p.To != "1" ||
		!*p.BestEffortDeliver || *p.TimeoutSeconds != 9 || p.Thinking != "low" || digest.Isolation.PostToMainPrefix != "P" {
		t.Errorf("added %+v", digest)
	}
	l.ok("cron", "edit", "digest", "--message", "sum it up", "--every", "90m")
	l.ok("cron", "enable", digest.ID[:8])
	var all wire.CronListResult
	l.json(&all, "cron", "list")
	if len(all.Jobs) != 2 {
		t.Fatalf("jobs %+v", all)
	}
	edited := all.Jobs[1]
	if edited.Payload.Message != "sum it up" || edited.Payload.To != "1" || *edited.Schedule.EveryMs != 90*60*1000 || !edited.Enabled {
		t.Errorf("edited %+v", edited)
	}
	l.ok("cron", "disable", "digest")
	if out := l.ok("cron", "list"); strings.Contains(out, "digest") || !strings.Contains(out, "tea") {
		t.Errorf("list: %s", out)
	}
	if out := l.ok("cron", "list", "--all"); !strings.Contains(out, "every 1h30m") || !strings.Contains(out, "off") {
		t.Errorf("list: %s", out)
	}
	var status wire.CronStatusResult
	l.json(&status, "cron", "status")
	if !status.Enabled || status.Jobs != 2 || status.NextWakeAtMs == nil {
		t.Errorf("status %+v", status)
	}
	if out := l.ok("cron", "status"); !strings.Contains(out, "Scheduler  on") || !strings.Contains(out, "(in 3m)") {
		t.Errorf("status: %s", out)
	}
	l.fails(exitFailed, "not due; run it anyway with --force", "cron", "run", "tea")
	if out := l.ok("cron", "runs", "tea"); !strings.Contains(out, "not run yet") {
		t.Errorf("runs: %s", out)
	}
	l.ok("cron", "run", "tea", "--force")
	var runs wire.CronRunsResult
	l.json(&runs, "cron", "runs", "--id", tea.ID, "--limit", "5")
	if len(runs.Entries) != 1 || runs.Entries[0].Status != "ok" || runs.Entries[0].Summary != "the tea is ready" {
		t.Errorf("runs %+v", runs)
	}
	l.ok("cron", "rm", "tea")
	l.fails(exitFailed, `no job is called "tea"; list them with`, "cron", "rm", "tea")
	if out := l.ok("cron", "runs", tea.ID); !strings.Contains(out, "the tea is ready") { // the log outlives the job
		t.Errorf("runs of a deleted job: %s", out)
	}
}

func TestCron_refusals(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	l.ok("cron", "add", "--name", "twin", "--every", "1d", "--system-event", "x")
	l.ok("cron", "add", "--name", "twin", "--every", "1d", "--system-event", "x")
	l.fails(exitFailed, "2 jobs are called", "cron", "rm", "twin")
	for _, c := range []struct {
		code int
		want string
		args string
	}{
		{exitUsage, "--name", "add --every 1h --message x"},
		{exitUsage, "--at, --every, --cron", "add --name x --message x"},
		{exitUsage, "only one of", "add --name x --message x --every 1h --cron x"},
		{exitUsage, "--message, --system-event", "add --name x --every 1h"},
		{exitUsage, "without --message", "add --name x --every 1h --system-event a --message b"},
		{exitUsage, "--message is needed", "add --name x --every 1h --deliver"},
		{exitUsage, "--every: want", "add --name x --every soon --message x"},
		{exitUsage, "--at: want", "add --name x --at tomorrow --message x"},
		{exitUsage, "no time zone", "add --name x --at 2026-01-01T08:00 --tz Mars/Olympus --message x"},
		{exitUsage, "--wake", "add --name x --every 1h --message x --wake later"},
		{exitUsage, "--session", "add --name x --every 1h --message x --session all"},
		{exitUsage, "--timeout-seconds", "add --name x --every 1h --message x --timeout-seconds 0"},
		{exitUsage, "nothing to change", "edit twin"},
		{exitUsage, "--limit", "runs twin --limit 0"},
		{exitUsage, "JOB is needed", "runs"},
		{exitFailed, "payload.kind", "add --name x --every 1h --message x --session main"},
		{exitFailed, "cron", "add --name x --cron never --message x"},
		{exitFailed, "no job", "edit nothing --every 1h"},
	} {
		l.fails(c.code, c.want, append([]string{"cron"}, strings.Fields(c.args)...)...)
	}
}

func TestParseAt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"+20m": "2026-03-01T12:20:00Z", "+1.5d": "2026-03-03T00:00:00Z", "2026-07-01T08:00:00+02:00": "2026-07-01T06:00:00Z",
		"2026-07-01 08:00": "2026-07-01T06:00:00Z", "2026-01-01T08:00": "2026-01-01T07:00:00Z", "1767600000000": "2026-01-05T08:00:00Z",
	} {
		at, err := parseAt(in, "Europe/Berlin", now)
		if got := at.UTC().Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "+", "+x", "tomorrow", "2026-13-01", "12", "+-5m"} {
		if at, err := parseAt(bad, "", now); err == nil {
			t.Errorf("%q is read as %s", bad, at)
		}
	}
}

func TestWake(t *testing.T) {
	t.Parallel()
	l := startLive(t, "")
	var r wire.OKResult
	l.json(&r, "wake", "--text", "the backup failed")
	if !r.OK {
		t.Errorf("%+v", r)
	}
	l.ok("gateway", "wake", "--text", "again", "--mode", "now")
	if out := l.ok("status"); !strings.Contains(out, "2 system events") {
		t.Errorf("status: %s", out)
	}
	l.fails(exitUsage, "--text is needed", "wake")
	l.fails(exitUsage, "--mode is", "wake", "--text", "x", "--mode", "later")
}
