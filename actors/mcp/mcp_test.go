package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/tools"
	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/transport/wire"
)

// fake is a server, and what dials it.
type fake struct {
	mu     sync.Mutex
	err    error // of Dial
	tools  []mcp.Tool
	wrong  []string
	live   int // sessions that are open
	dials  []time.Time
	latest *session
	slow   time.Duration // what Close takes
	answer func(ctx context.Context, tool string) (mcp.Result, error)
}

type session struct {
	f       *fake
	changed func()
	done    chan struct{}
	once    sync.Once
	err     error
}

func (f *fake) dial(_ context.Context, s mcp.Server) (mcp.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dials = append(f.dials, time.Now())
	if f.err != nil {
		return nil, f.err
	}
	f.live++
	f.latest = &session{f: f, changed: s.Changed, done: make(chan struct{})}
	return f.latest, nil
}

func (s *session) About() mcp.About      { return mcp.About{Name: "fake", Version: "1", PID: 7} }
func (s *session) Done() <-chan struct{} { return s.done }
func (s *session) Err() error            { return s.err }

func (s *session) Tools(context.Context) ([]mcp.Tool, []string, error) {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	return s.f.tools, s.f.wrong, nil
}

func (s *session) Call(ctx context.Context, tool string, _ json.RawMessage, progress func(string)) (mcp.Result, error) {
	if progress != nil {
		progress("half way")
	}
	return s.f.answer(ctx, tool)
}

// lose ends the connection from the other side.
func (s *session) lose(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
	})
}

func (s *session) Close() {
	s.lose(errors.New("closed"))
	time.Sleep(s.f.slow)
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.live--
}

func (f *fake) last() *session {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest
}

func (f *fake) set(edit func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit()
}

// count is how often it was dialed, and how many connections are open.
func (f *fake) count() (dials, live int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.dials), f.live
}

// stage is the servers of one test.
type stage struct {
	t   *testing.T
	dir *Directory
	ref actors.Ref[Message]

	mu     sync.Mutex
	wanted map[string]Spec
}

// play runs a test in a bubble with the actors.
func play(t *testing.T, f *fake, wanted map[string]Spec, test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys := actors.NewSystem(actors.SystemOptions{Log: slog.New(slog.DiscardHandler)})
		s := &stage{t: t, dir: NewDirectory(), wanted: wanted}
		ref, err := actors.Spawn(sys, "mcp", Props(Options{
			Directory: s.dir, Dial: f.dial, Hide: func(text string) string { return strings.ReplaceAll(text, "CANARY", "***") },
			Wanted: func() map[string]Spec {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.wanted
			},
		}))
		if err != nil {
			t.Fatal(err)
		}
		s.ref = ref
		synctest.Wait()
		test(s)
		if err := sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if _, live := f.count(); live != 0 {
			t.Errorf("%d connections are left", live)
		}
	})
}

func (s *stage) want(name string, spec Spec) {
	s.mu.Lock()
	all := map[string]Spec{}
	for k, v := range s.wanted {
		all[k] = v
	}
	if all[name] = spec; spec.Disabled == "gone" {
		delete(all, name)
	}
	s.wanted = all
	s.mu.Unlock()
	if err := s.ref.Tell(Reload{}); err != nil {
		s.t.Error(err)
	}
	synctest.Wait()
}

func (s *stage) state(name string) State {
	s.t.Helper()
	for _, st := range s.dir.States() {
		if st.Name == name {
			return st
		}
	}
	return State{Phase: "gone"}
}

func (s *stage) call(name string) (string, error) {
	for _, t := range s.dir.Tools() {
		if t.Name == name {
			r, err := t.Run(s.t.Context(), tools.Caller{}, wire.Raw(`{}`))
			return string(r), err
		}
	}
	return "", errors.New("no such tool")
}

func text(s string) (mcp.Result, error) {
	return mcp.Result{Content: []mcp.Content{{Type: "text", Text: s}}}, nil
}

func greeter() *fake {
	return &fake{
		tools:  []mcp.Tool{{Name: "greet", Schema: json.RawMessage(`{"type":"object"}`)}},
		answer: func(context.Context, string) (mcp.Result, error) { return text("hi") },
	}
}

// TestServer: it is connected, its tool is there; lost, it says why and comes back, later each time; then it is well again.
func TestServer(t *testing.T) {
	t.Parallel()
	f := greeter()
	play(t, f, map[string]Spec{"a": {Group: tools.GroupNet}}, func(s *stage) {
		if st := s.state("a"); st.Phase != Up || st.About.PID != 7 || len(st.Tools) != 1 || st.Tools[0] != "mcp_a_greet" {
			t.Fatalf("%+v", st)
		}
		if r, err := s.call("mcp_a_greet"); r != `"hi"` || err != nil {
			t.Errorf("%s, %v", r, err)
		}
		f.set(func() { f.err = errors.New("it ends with CANARY") })
		f.last().lose(errors.New("the program ended"))
		synctest.Wait()
		if st := s.state("a"); st.Phase != Backoff || st.Reason != "the program ended" || st.NextAt == 0 {
			t.Errorf("%+v", st)
		}
		if _, err := s.call("mcp_a_greet"); err == nil || !strings.Contains(err.Error(), "the program ended") || !strings.Contains(err.Error(), "tried again") {
			t.Errorf("a call to a server that is not there: %v", err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if st := s.state("a"); st.Failures < 5 || st.Failures > 20 || st.Reason != "it ends with ***" {
			t.Errorf("after ten minutes: %+v", st)
		}
		n, _ := f.count()
		if gap := f.dials[n-1].Sub(f.dials[n-2]); gap < time.Minute || gap > 3*time.Minute {
			t.Errorf("the last pause was %s", gap)
		}
		f.set(func() { f.err = nil })
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if st := s.state("a"); st.Phase != Up || st.Reason != "" {
			t.Errorf("%+v", st)
		}
	})
}

// TestReload: a server comes, changes, is disabled and goes with the configuration; the others go on. A change waits for the old
// connection to be gone.
func TestReload(t *testing.T) {
	t.Parallel()
	f := greeter()
	f.slow = 3 * time.Second
	play(t, f, map[string]Spec{"a": {}}, func(s *stage) {
		first := f.last()
		s.want("b", Spec{})
		if n, _ := f.count(); s.state("b").Phase != Up || actors.Closed(first.done) || n != 2 {
			t.Fatalf("%+v, %d dials", s.dir.States(), n)
		}
		s.want("a", Spec{Server: mcp.Server{Args: []string{"x"}}})
		if n, _ := f.count(); s.state("a").Phase != Starting || n != 2 {
			t.Errorf("%+v, %d dials", s.state("a"), n)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if n, _ := f.count(); s.state("a").Phase != Up || n != 3 {
			t.Errorf("%+v, %d dials", s.state("a"), n)
		}
		s.want("a", Spec{Disabled: "disabled"})
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if _, live := f.count(); s.state("a").Phase != Disabled || len(s.state("a").Tools) != 0 || live != 1 {
			t.Errorf("%+v, %d live", s.state("a"), live)
		}
		s.want("a", Spec{Disabled: "gone"})
		if s.state("a").Phase != "gone" || s.state("b").Phase != Up {
			t.Errorf("%+v", s.dir.States())
		}
		s.want("a", Spec{})
		time.Sleep(time.Second)
		synctest.Wait()
		if s.state("a").Phase != Up {
			t.Errorf("it did not come back: %+v", s.state("a"))
		}
	})
}

// TestRestart: by hand, also one that waits for its next try.
func TestRestart(t *testing.T) {
	t.Parallel()
	f := greeter()
	f.err = errors.New("no")
	restart := func(s *stage, name string) error {
		_, err := actors.Ask(s.t.Context(), s.ref, func(r actors.Reply[struct{}]) Message { return Restart{Reply: r, Server: name} })
		synctest.Wait()
		return err
	}
	play(t, f, map[string]Spec{"a": {}, "off": {Disabled: "disabled"}}, func(s *stage) {
		time.Sleep(time.Hour)
		f.set(func() { f.err = nil })
		if err := restart(s, "a"); err != nil || s.state("a").Phase != Up {
			t.Errorf("%v, %+v", err, s.state("a"))
		}
		for name, want := range map[string]string{"off": "is not started: disabled", "none": "there is no server"} {
			if err := restart(s, name); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestChanged: other tools are read when the server says so, and not more often than once a second; what is wrong with them
// is in the state.
func TestChanged(t *testing.T) {
	t.Parallel()
	f := greeter()
	play(t, f, map[string]Spec{"a": {}}, func(s *stage) {
		f.set(func() {
			f.tools = append(f.tools, mcp.Tool{Name: "leave", Schema: json.RawMessage(`{"type":"object"}`)})
			f.wrong = []string{"tool CANARY is left out"}
		})
		for range 1000 {
			f.last().changed()
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if st := s.state("a"); len(st.Tools) != 2 || len(st.Problems) != 1 || strings.Contains(st.Problems[0], "CANARY") {
			t.Errorf("%+v", st)
		}
		r, err := s.call("mcp_servers")
		if err != nil || !strings.Contains(r, "is left out") {
			t.Errorf("%s, %v", r, err)
		}
	})
}

// TestCall: a call ends in time, whatever the server does; no more than so many are under way.
func TestCall(t *testing.T) {
	t.Parallel()
	f := greeter()
	f.answer = func(ctx context.Context, _ string) (mcp.Result, error) {
		<-ctx.Done()
		return mcp.Result{}, context.Cause(ctx)
	}
	play(t, f, map[string]Spec{"a": {Call: 9 * time.Second}}, func(s *stage) {
		begin, failed := time.Now(), make(chan error, maxCalls)
		for range maxCalls {
			go func() {
				_, err := s.call("mcp_a_greet")
				failed <- err
			}()
		}
		synctest.Wait()
		if _, err := s.call("mcp_a_greet"); err == nil || !strings.Contains(err.Error(), "busy") {
			t.Errorf("one call too many: %v", err)
		}
		for range maxCalls {
			if err := <-failed; err == nil || err.Error() != `server "a" did not answer within 9s` {
				t.Errorf("a call that hangs: %v", err)
			}
		}
		if d := time.Since(begin); d != 9*time.Second || s.state("a").Calls != 0 {
			t.Errorf("after %s: %+v", d, s.state("a"))
		}
	})
}

// TestOffers: allow and deny name tools as the server does; names fit what vendors take, and are never the same.
func TestOffers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long", 30)
	f := greeter()
	f.tools = nil
	for _, name := range []string{"read_a", "read_b", "write_a", "greet (structured)", "greet  structured", long + "1", long + "2", "été"} {
		f.tools = append(f.tools, mcp.Tool{Name: name, Schema: json.RawMessage(`{"type":"object"}`)})
	}
	play(t, f, map[string]Spec{"s": {}, "some": {Allow: []string{"read_*", "été"}, Deny: []string{"*_b"}}}, func(s *stage) {
		if got := s.state("some").Tools; strings.Join(got, " ") != "mcp_some_read_a mcp_some_t" {
			t.Errorf("%q", got)
		}
		seen := map[string]bool{}
		for _, tool := range s.dir.Tools() {
			if plain(tool.Name) != tool.Name || len(tool.Name) > maxName || seen[tool.Name] {
				t.Errorf("the name %q", tool.Name)
			}
			seen[tool.Name] = true
		}
		if len(seen) != 8+2+1 || !seen["mcp_s_greet_structured"] {
			t.Errorf("%v", seen)
		}
	})
}

// TestShown: what becomes of each form of a result.
func TestShown(t *testing.T) {
	t.Parallel()
	parts := func(c ...mcp.Content) mcp.Result { return mcp.Result{Content: c} }
	png := []byte("png")
	for want, r := range map[string]mcp.Result{
		`"a\nb"`:  parts(mcp.Content{Type: "text", Text: "a"}, mcp.Content{Type: "text", Text: "b"}),
		`""`:      parts(),
		`{"x":1}`: {Structured: json.RawMessage(`{"x":1}`)},
		`{"content":[{"text":"a","type":"text"}],"details":{"structured":{"x":1}}}`: {Content: []mcp.Content{{Type: "text", Text: "a"}}, Structured: json.RawMessage(`{"x":1}`)},
		`{"content":[{"text":"a","type":"text"},{"data":"cG5n","mimeType":"image/png","type":"image"}]}`: parts(
			mcp.Content{Type: "image", MIME: "image/png", Data: png}, mcp.Content{Type: "text", Text: "a"}),
		`{"content":[{"data":"cG5n","mimeType":"image/png","type":"image"}]}`: parts(mcp.Content{Type: "resource", MIME: "image/png", Data: png, URI: "x:y"}),
		`"Resource x:y:\nwords"`: parts(mcp.Content{Type: "resource", URI: "x:y", Text: "words"}),
		`"Link: name x:y about"`: parts(mcp.Content{Type: "link", Name: "name", URI: "x:y", Text: "about"}),
		`"(audio of type audio/wav with 3 bytes, which cannot be shown.)"`: parts(mcp.Content{Type: "audio", MIME: "audio/wav", Data: png}),
	} {
		got, err := shown(r)
		var a, b any
		if err != nil || json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(want), &b) != nil || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if _, err := shown(mcp.Result{IsError: true, Content: []mcp.Content{{Type: "text", Text: "no such file"}}}); err == nil || err.Error() != "no such file" {
		t.Errorf("an error: %v", err)
	}
}
