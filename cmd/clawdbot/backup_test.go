package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// load has messages accepted by a gateway, one after the other in each of several sessions, and notes which.
type load struct {
	t    *testing.T
	stop context.CancelFunc
	over sync.WaitGroup

	mu      sync.Mutex
	acked   map[string][]string // by session
	refused []error
}

func startLoad(t *testing.T, url string, sessions int) *load {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	l := &load{t: t, stop: cancel, acked: map[string][]string{}}
	briefly := int64(500) // while a disk is full no run ends
	for i := range sessions {
		c, err := client.Dial(ctx, client.Options{URL: url})
		if err != nil {
			cancel()
			t.Fatal(err)
		}
		key := fmt.Sprintf("load-%d", i)
		l.over.Add(1)
		go func() {
			defer l.over.Done()
			defer c.Close()
			message := func(n int) string { return fmt.Sprintf("%s message %d.", key, n) }
			for n := 0; ctx.Err() == nil; n++ {
				text := message(n)
				err := c.Call(ctx, "agent", wire.AgentParams{Message: text, SessionKey: key, IdempotencyKey: text}, nil)
				if ctx.Err() != nil {
					return
				}
				l.mu.Lock()
				if err == nil {
					l.acked[key] = append(l.acked[key], text)
				} else {
					l.refused = append(l.refused, err)
				}
				l.mu.Unlock()
				if err != nil {
					<-time.After(200 * time.Millisecond)
				} else if n >= 10 { // what waits for the agent must not become more and more, nor must all wait at once
					_ = c.Call(ctx, "agent.wait", wire.AgentWaitParams{RunID: message(n - 10), TimeoutMs: &briefly}, nil)
				}
			}
		}()
	}
	return l
}

// so far is what was acknowledged until now.
func (l *load) soFar() (all map[string][]string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all = map[string][]string{}
	for key, texts := range l.acked {
		all[key] = texts[:len(texts):len(texts)]
		n += len(texts)
	}
	return all, n
}

// refusals is what was refused until now.
func (l *load) refusals() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused[:len(l.refused):len(l.refused)]
}

func (l *load) end() {
	l.stop()
	l.over.Wait()
}

// await waits for something that should come.
func await(t *testing.T, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !good(); {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// wantAll waits until a gateway has every one of the messages.
func wantAll(t *testing.T, url string, want map[string][]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for key, texts := range want {
		var missing string
		t.Cleanup(func() {
			if missing != "" {
				t.Logf("%s has %d messages; missing: %s", key, len(texts), missing)
			}
		})
		await(t, key, func() bool {
			var r struct {
				Messages []wire.Raw `json:"messages"`
			}
			if err := c.Call(ctx, "chat.history", map[string]any{"sessionKey": key, "limit": 1000}, &r); err != nil {
				t.Fatal(err)
			}
			var have bytes.Buffer
			for _, m := range r.Messages {
				have.Write(m)
			}
			missing = ""
			for _, text := range texts[max(0, len(texts)-400):] { // as many as one answer can have
				if !strings.Contains(have.String(), text) {
					missing = text
				}
			}
			return missing == ""
		})
	}
}

// plenty is a configuration under which nothing that is accepted is dropped or merged.
func plenty(t *testing.T, dir string) {
	t.Helper()
	text := "{routing: {queue: {mode: 'followup', cap: 100000}}, logging: {file: '" + filepath.Join(dir, "log", "x.log") + "'}, bridge: {enabled: false}, canvasHost: {enabled: false}}"
	if err := os.WriteFile(filepath.Join(dir, "config.json5"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBackup_underLoad: a backup that is taken while messages are being accepted has every one that was acknowledged before it
// began, and a gateway on it goes on.
func TestBackup_underLoad(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	plenty(t, home)
	d := launch(t, home, "--port", freePort(t))
	l := startLoad(t, d.url, 4)
	defer l.end()
	await(t, "no load", func() bool { _, n := l.soFar(); return n > 100 })
	want, before := l.soFar()
	file := filepath.Join(t.TempDir(), "b.tar.gz.age")
	phrase := filepath.Join(t.TempDir(), "phrase")
	if err := os.WriteFile(phrase, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(env []string, code int, want string, args ...string) {
		t.Helper()
		c := command(t, env, args...)
		out, _ := c.CombinedOutput() // the exit code says it
		if got := c.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), want) {
			t.Fatalf("%v: %d, want %d %q:\n%s", args, got, code, want, out)
		}
	}
	began := time.Now()
	run(d.env, 0, "Backed up", "backup", file, "--passphrase-file", phrase)
	if _, after := l.soFar(); after == before {
		t.Errorf("nothing was accepted while the backup was made (%s), %v was refused: this tests nothing", time.Since(began), l.refusals())
	}
	run(d.env, exitFailed, "is there already", "backup", file, "--passphrase-file", phrase)
	run(d.env, 0, "It is whole", "backup", "verify", file, "--passphrase-file", phrase)
	run(d.env, 0, "is consistent", "backup", "verify")
	run(d.env, exitFailed, "a gateway is using", "restore", file, "--passphrase-file", phrase, "--force")

	dir := t.TempDir()
	env := environ(t, dir)
	run(env, exitFailed, "--force moves it aside", "restore", file, "--passphrase-file", phrase) // the test's configuration is there
	run(env, exitFailed, "nobody can be asked", "restore", file)
	run(env, 0, "Restored to "+filepath.Join(dir, ".clawdbot"), "restore", file, "--passphrase-file", phrase, "--force")
	run(env, 0, "is consistent", "backup", "verify")
	restored := launch(t, dir, "--port", freePort(t))
	wantAll(t, restored.url, want)
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o700); err != nil { // the restored configuration has another one
		t.Fatal(err)
	}
	checkModes(t, dir)
	restored.stop(t)
	l.end()
	d.stop(t)
}

// TestRollback_program: an update that was undone is told what to do, and that works.
func TestRollback_program(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	if r := d.client(t, "agent", "--session-key", "main", "-m", "before the update"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	d.stop(t)
	run := func(code int, want string, args ...string) {
		t.Helper()
		c := command(t, d.env, args...)
		out, _ := c.CombinedOutput() // the exit code says it
		if got := c.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), want) {
			t.Fatalf("%v: %d, want %d %q:\n%s", args, got, code, want, out)
		}
	}
	run(exitFailed, "there are no snapshots", "rollback")
	state := filepath.Join(d.dir, ".clawdbot")
	whole := filepath.Join(t.TempDir(), "whole.db") // part of it may be in the log
	if err := store.Copy(t.Context(), state, "gateway.db", whole); err != nil {
		t.Fatal(err)
	}
	db, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(state, "backups"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "backups", "gateway-v8-20260102T030405.000Z.db"), db, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(filepath.Join(state, "gateway.db"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	newer := bytes.Clone(db)
	copy(newer[60:64], []byte{0, 0, 0, 99}) // user_version, in the header of the file
	if err := os.WriteFile(filepath.Join(state, "gateway.db"), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	run(exitInvalid, "clawdbot rollback", "gateway")
	run(0, "clawdbot rollback gateway-v8-20260102T030405.000Z.db --yes", "rollback")
	run(0, `"known"`, "rollback", "--json")
	run(exitFailed, "there is no snapshot", "rollback", "gateway-v7.db", "--yes")
	run(0, "The one that was there is", "rollback", "--yes")
	again := launch(t, d.dir, "--port", freePort(t))
	wantAll(t, again.url, map[string][]string{"main": {"before the update"}})
	again.stop(t)
}
