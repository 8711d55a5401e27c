package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/transport/client"
	"github.com/clawdbot/gateway/transport/wire"
)

// patience is how long anything may take that should happen at once.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(binaryDir)
		os.Exit(code)
	}))
}

var binaryDir string // removed by TestMain

// binary builds the program once, with the race detector when the test has it.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryDir, err = os.MkdirTemp("", "embed-test-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryDir, "embed")
	args := []string{"build", "-o", path}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// A message goes in by pigeon, the answer comes out by pigeon, a WebSocket client sees both, and Ctrl-C ends the
// program with everything kept.
func TestEmbed(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	p := start(t, state)
	c := p.dial(t)
	events := c.Events(1024)

	post(t, state, "ann.1", "hello pigeon")
	if got := finalText(t, events); got != "HELLO PIGEON" {
		t.Errorf("the client sees the answer %q", got)
	}
	p.line(t, "answered in main: HELLO PIGEON")
	wantLetters(t, state, "ann", "HELLO PIGEON")

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := c.Call(ctx, "chat.send", wire.ChatSendParams{SessionKey: "web", Message: "and by wire", IdempotencyKey: "k1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := finalText(t, events); got != "AND BY WIRE" {
		t.Errorf("the client is answered %q", got)
	}
	var count struct {
		Answers int64 `json:"answers"`
	}
	if err := c.Call(ctx, "shouter.count", nil, &count); err != nil || count.Answers != 2 {
		t.Errorf("shouter.count = %+v, %v", count, err)
	}
	if methods := c.Hello().Features.Methods; !slices.Contains(methods, "shouter.count") {
		t.Errorf("the own method is not announced: %q", methods)
	}

	p.interrupt(t)
	awaitEvent(t, events, func(e client.Event) bool { return e.Name == "shutdown" })

	post(t, state, "ann.2", "are you back?") // nobody is there
	p = start(t, state)
	wantLetters(t, state, "ann", "HELLO PIGEON", "ARE YOU BACK?")
	p.interrupt(t)
}

func TestEmbed_startFails(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "-port", "70000", "-state", t.TempDir()).CombinedOutput()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if exit == nil || exit.ExitCode() != 1 || !strings.Contains(string(out), "port") {
		t.Errorf("a start with a bad port: %v, %s", err, out)
	}
}

// An embedder links what it uses: no SDK of a surface it does not have, no command line library.
func TestEmbed_links(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "modernc.org/sqlite\n") {
		t.Errorf("go list -deps is not what was expected: %.200s", out)
	}
	for _, unwanted := range []string{"telebot", "cobra", "jsonschema", "/testing", "goleak", "providers/telegram"} {
		for dep := range strings.Lines(string(out)) {
			if strings.Contains(dep, unwanted) {
				t.Errorf("the example links %s", dep)
			}
		}
	}
}

// process is the program at work.
type process struct {
	cmd   *exec.Cmd
	url   string
	lines chan string // of stdout, closed at its end
}

func start(t *testing.T, state string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(path, "-state", state), lines: make(chan string, 1000)}
	p.cmd.Env = []string{"HOME=" + state, "PATH=" + os.Getenv("PATH")}
	p.cmd.Stderr = t.Output()
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // has ended already, unless the test has failed
	go p.read(stdout)
	p.url = strings.TrimPrefix(p.line(t, "listening on "), "listening on ")
	return p
}

func (p *process) read(stdout io.Reader) {
	defer close(p.lines)
	for s := bufio.NewScanner(stdout); s.Scan(); {
		p.lines <- s.Text()
	}
}

// line waits for a line of stdout that begins with prefix.
func (p *process) line(t *testing.T, prefix string) string {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				t.Fatalf("the program ended without the line %q", prefix)
			}
			if strings.HasPrefix(line, prefix) {
				return line
			}
		case <-limit:
			t.Fatalf("no line %q", prefix)
		}
	}
}

func (p *process) dial(t *testing.T) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{URL: p.url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// interrupt ends the program as Ctrl-C does. The exit code must be 0, and the race detector silent.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for range p.lines { // to the end: Wait must not close the pipe under the reader
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

// post puts a message into the loft.
func post(t *testing.T, state, name, text string) {
	t.Helper()
	if err := writeWhole(filepath.Join(state, "loft", "in"), name, text); err != nil {
		t.Fatal(err)
	}
}

// wantLetters waits until a person has been sent as many letters as given, and compares them.
func wantLetters(t *testing.T, state, person string, want ...string) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	limit := time.After(patience)
	for {
		got := letters(t, filepath.Join(state, "loft", "out", person))
		if len(got) >= len(want) {
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s got %q, want %q", person, got, want)
			}
			return
		}
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("%s got %q, want %q", person, got, want)
		}
	}
}

func letters(t *testing.T, dir string) (texts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "[^.]*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.TrimSpace(string(b)))
	}
	return texts
}

// finalText waits for the end of a run and returns its answer.
func finalText(t *testing.T, s *client.Subscription) string {
	t.Helper()
	var chat wire.ChatEvent
	awaitEvent(t, s, func(e client.Event) bool {
		return e.Name == "chat" && json.Unmarshal(e.Payload, &chat) == nil && chat.State == wire.ChatFinal
	})
	if chat.Message == nil || len(chat.Message.Content) != 1 {
		t.Fatalf("final event without a text: %+v", chat)
	}
	return chat.Message.Content[0].Text
}

func awaitEvent(t *testing.T, s *client.Subscription, wanted func(client.Event) bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case e, ok := <-s.C:
			if !ok {
				t.Fatalf("the subscription ended: %v", s.Err())
			}
			if wanted(e) {
				return
			}
		case <-limit:
			t.Fatal("the event did not come")
		}
	}
}
