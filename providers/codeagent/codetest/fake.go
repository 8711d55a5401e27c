package codetest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Variables that make a program the agent: which protocol it speaks, and what is wrong with its start.
const (
	Kind  = "FAKE_CODER"       // acp, pi
	Start = "FAKE_CODER_START" // mute: it says nothing; chats: what is no protocol; dies
)

// Main makes this process the agent, if it was started as that; otherwise it returns at once. Call it first in TestMain.
func Main() {
	kind := os.Getenv(Kind)
	if kind == "" {
		return
	}
	a := &fake{out: bufio.NewWriter(os.Stdout), answers: map[string]chan json.RawMessage{}}
	switch os.Getenv(Start) {
	case "mute":
		hang()
	case "chats":
		for {
			a.raw("loading the model, please wait")
		}
	case "dies":
		fmt.Fprintln(os.Stderr, "cannot find my settings, with key-0123456789")
		os.Exit(3)
	}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			os.Exit(0)
		}
		if kind == "pi" {
			a.pi(line)
		} else {
			a.acp(line)
		}
	}
}

// hang does nothing any more, whatever it is told.
func hang() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	<-time.After(time.Hour)
}

type fake struct {
	mu      sync.Mutex // guards out and answers
	out     *bufio.Writer
	asked   int
	answers map[string]chan json.RawMessage

	busy   atomic.Bool
	loaded bool
	before string // what stood in front of the message
	stop   chan struct{}
}

func (a *fake) raw(line string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out.WriteString(line)
	a.out.WriteByte('\n')
	a.out.Flush()
}

func (a *fake) say(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	a.raw(string(b))
}

// object is a JSON object.
type object map[string]any

// voice is what an agent can do to be heard, in either protocol.
type voice interface {
	text(s string)
	thought(s string)
	call(id, name string, args object)
	progress(id, s string)
	result(id, s string, failed bool)
	plan(steps ...string)
	allowed(command string) bool
}

// act does what a message says, and tells whether the turn ends.
func (a *fake) act(v voice, message string) {
	words := strings.Fields(message)
	if len(words) == 0 {
		words = []string{""}
	}
	switch words[0] {
	case "die":
		v.text("I am about")
		v.text(" to")
		fmt.Fprintln(os.Stderr, "out of cheese, with key-0123456789")
		os.Exit(4)
	case "flood":
		for range 100 << 20 / 1000 {
			v.text(strings.Repeat("x", 1000))
		}
	case "noise":
		for range 1 << 20 {
			a.raw("what a lovely day")
		}
	case "endless":
		a.mu.Lock()
		for range 100 {
			a.out.WriteString(strings.Repeat("x", 1<<20))
		}
	case "hang":
		v.text("I think for ever")
		hang()
	case "wait":
		v.text("waiting")
		<-a.stop
	case "fork":
		v.text(fmt.Sprintf("%d %d", os.Getpid(), fork()))
		if len(words) > 1 {
			hang()
		}
	case "peek":
		b, err := os.ReadFile(words[1])
		v.text(fmt.Sprintf("%.20s %v", b, err))
	case "tools":
		a.tools(v)
	case "ask":
		v.text(fmt.Sprintf("allowed: %v", v.allowed(strings.Join(words[1:], " "))))
	case "before":
		v.text(fmt.Sprintf("loaded: %v; before: %s", a.loaded, a.before))
	default:
		v.thought("hm")
		for _, w := range strings.SplitAfter("You said: "+message, " ") {
			v.text(w)
		}
	}
}

func (a *fake) tools(v voice) {
	v.thought("I look first.")
	v.text("I look at it.")
	v.plan("look", "mend")
	v.call("c1", "read", object{"path": "a.txt"})
	v.call("c2", "execute", object{"command": "make"})
	v.progress("c2", "compiling")
	<-time.After(400 * time.Millisecond)
	v.result("c1", "the words of a.txt", false)
	v.result("c2", "it does not compile", true)
	v.text("It is ")
	v.text("mended.")
}
