package config

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
	"github.com/clawdbot/gateway/transport/wire"
)

func startActor(t *testing.T, text string, intercept actors.Interceptor) (actors.Ref[Message], string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clawdbot.json")
	write(t, path, text)
	d, err := Load(path, homeOnly)
	if err != nil {
		t.Fatal(err)
	}
	sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Intercept: intercept})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := sys.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	ref, err := actors.Spawn(sys, "config", Props(Options{Document: d, Getenv: homeOnly}))
	if err != nil {
		t.Fatal(err)
	}
	return ref, path
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// call makes a client call and returns its answer.
func call(t *testing.T, ref actors.Ref[Message], method string) (wire.ConfigSnapshot, *wire.Error) {
	t.Helper()
	answers := make(chan wire.Result, 2)
	for _, m := range Methods(ref) {
		if m.Name == method {
			m.Handle(&wire.Call{Method: method, Params: []byte("{}"), Respond: func(r wire.Result) { answers <- r }})
		}
	}
	select {
	case r := <-answers:
		s, _ := r.Payload.(wire.ConfigSnapshot)
		return s, r.Err
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		panic("unreachable")
	}
}

func running(t *testing.T, ref actors.Ref[Message]) *Document {
	t.Helper()
	d, err := actors.Ask(t.Context(), ref, func(r actors.Reply[*Document]) Message { return Running{r} })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The file may go bad or away while the gateway runs: config.get says so, and the running configuration stays.
func TestConfigGet_tellsTheTruthAboutTheFile(t *testing.T) {
	t.Parallel()
	ref, path := startActor(t, "{gateway:{port:4000,auth:{token:'CANARY'}}}", nil)
	s, err := call(t, ref, "config.get")
	if err != nil || !s.Exists || !s.Valid || *s.Raw != `{gateway:{port:4000,auth:{token:"__REDACTED__"}}}` ||
		string(s.Config) != `{"gateway":{"port":4000,"auth":{"token":"__REDACTED__"}}}` || string(s.Parsed) != string(s.Config) {
		t.Errorf("good file: %+v %v", s, err)
	}
	write(t, path, "{gateway:{port:'CANARY'}}")
	s, err = call(t, ref, "config.get")
	if err != nil || s.Valid || len(s.Issues) != 1 || s.Issues[0].Path != "gateway.port" || string(s.Config) != "{}" || string(s.Parsed) == "{}" {
		t.Errorf("bad file: %+v %v", s, err)
	}
	write(t, path, "{gateway:")
	if s, _ = call(t, ref, "config.get"); s.Valid || s.Issues[0].Path != "" || !strings.HasPrefix(s.Issues[0].Message, "JSON5 parse failed: line 1, column 10: ") || string(s.Parsed) != "{}" {
		t.Errorf("broken file: %+v", s)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s, _ = call(t, ref, "config.get"); s.Exists || !s.Valid || s.Raw != nil || string(s.Config) != "{}" {
		t.Errorf("no file: %+v", s)
	}
	if b, err := wire.Marshal(s); err != nil || string(b) != `{"path":"`+path+`","exists":false,"raw":null,"parsed":{},"valid":true,"config":{},"issues":[],"legacyIssues":[],"hash":"`+s.Hash+`"}` {
		t.Errorf("on the wire: %s %v", b, err)
	}
	if d := running(t, ref); d.Config.Gateway.Port != 4000 {
		t.Errorf("running port %d", d.Config.Gateway.Port)
	}
}

func TestConfigGet_unknownParamRefused(t *testing.T) {
	t.Parallel()
	if err := wire.Validate("config.get", []byte(`{"path":"x"}`)); err == nil {
		t.Error("an unknown parameter was accepted")
	}
}

// Everyone who asks is answered once, also when the actor crashes in between.
func TestConfigGet_answeredUnderFaults(t *testing.T) {
	t.Parallel()
	f := actortest.NewFaults(1)
	f.On(actortest.Path("config")).Every(4).Crash()
	f.On(actortest.Path("config")).Every(7).CrashAfter()
	f.On(actortest.Message[OnDisk]()).Every(5).Duplicate()
	ref, _ := startActor(t, "{}", f)
	var wg sync.WaitGroup
	var mu sync.Mutex
	ok := 0
	for range 15 {
		wg.Add(1)
		reply := actors.ReplyTo(func(v View, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil && v.Valid {
				ok++
			}
			wg.Done() // a second answer would make the counter negative and panic
		})
		if err := ref.Tell(OnDisk{reply}); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	f.Enable(false)
	if _, err := call(t, ref, "config.get"); err != nil {
		t.Errorf("after the faults: %v", err)
	}
	if ok == 15 {
		t.Error("no fault was felt")
	}
}

func TestConfigGet_stopped(t *testing.T) {
	t.Parallel()
	ref, _ := startActor(t, "{}", nil)
	ref.Stop()
	<-ref.Done()
	if _, err := call(t, ref, "config.get"); err == nil || err.Code != wire.CodeUnavailable {
		t.Errorf("want UNAVAILABLE, got %v", err)
	}
}
