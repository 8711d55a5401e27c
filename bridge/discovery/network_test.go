package discovery

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
)

// patience is how long anything may take that should happen soon, on a busy machine.
const patience = 60 * time.Second

// anyPort makes a name and a port that no other test of this machine has.
func anyPort() int { return 20000 + rand.IntN(40000) }

// needMulticast skips the test where the loopback interface carries none.
func needMulticast(t *testing.T) {
	t.Helper()
	if why := multicast(); why != "" {
		t.Skip(why)
	}
}

// multicast says why the loopback interface carries none; "" = it does.
var multicast = sync.OnceValue(func() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := Check(ctx, []string{loopbackName()}); err != nil {
		return err.Error()
	}
	return ""
})

// sniff yields what is said on the loopback interface.
func sniff(t *testing.T) <-chan dnsmessage.Message {
	t.Helper()
	lo, err := net.InterfaceByName(loopbackName())
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP("udp4", group4)
	if err != nil {
		t.Fatal(err)
	}
	if err := ipv4.NewPacketConn(c).JoinGroup(lo, group4); err != nil {
		t.Fatal(err)
	}
	heard, done := make(chan dnsmessage.Message, 1000), make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 9000)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) == nil {
				select {
				case heard <- m:
				default:
				}
			}
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-done })
	return heard
}

// hear waits for an unasked message about an instance: one that announces it, or says goodbye.
func hear(t *testing.T, heard <-chan dnsmessage.Message, instance string, goodbye bool) dnsmessage.Message {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case m := <-heard:
			if len(m.Answers) < 3 || m.Answers[0].Header.TTL == 0 != goodbye {
				continue
			}
			p, ok := m.Answers[0].Body.(*dnsmessage.PTRResource)
			if ok && strings.HasPrefix(p.PTR.String(), instance+".") {
				return m
			}
		case <-limit:
			t.Fatalf("nothing heard of %q, goodbye %v", instance, goodbye)
		}
	}
}

// find browses until a port answers.
func find(t *testing.T, port int) Found {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		all, err := Browse(ctx, BrowseOptions{Interfaces: []string{loopbackName()}, Log: slog.New(slog.DiscardHandler)})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(all, func(f Found) bool { return f.Port == port }); i >= 0 {
			return all[i]
		}
	}
	t.Fatalf("port %d does not answer", port)
	return Found{}
}

// TestBrowse_anotherProcess: what one process announces, another finds, until it says goodbye.
func TestBrowse_anotherProcess(t *testing.T) {
	t.Parallel()
	needMulticast(t)
	port := anyPort()
	o := loopback(port, nil)
	heard := sniff(t)
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), child+"="+o.Service.Value("bridgePort"))
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "true\n" {
		t.Fatalf("the other process does not announce: %q", line)
	}
	said := hear(t, heard, o.Service.Instance, false)
	txt, _ := said.Answers[2].Body.(*dnsmessage.TXTResource)
	if txt == nil || !slices.Equal(txt.TXT, o.Service.strings()) {
		t.Errorf("announced %v, want %v", txt, o.Service.strings())
	}
	got := find(t, port)
	if got.Instance != o.Service.Instance || got.Host != o.Service.Host+".local" || got.Address != "127.0.0.1" || len(got.Text) != len(o.Service.Text) {
		t.Errorf("found %+v", got)
	}
	for _, x := range o.Service.Text {
		if got.Text[x.Key] != x.Value {
			t.Errorf("%s is %q, want %q", x.Key, got.Text[x.Key], x.Value)
		}
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	bye := hear(t, heard, o.Service.Instance, true)
	for _, r := range bye.Answers {
		if r.Header.TTL != 0 {
			t.Errorf("a goodbye with a time to live: %v", r.Header)
		}
	}
	if err := c.Wait(); err != nil {
		t.Error("the other process: ", err)
	}
}

// TestRun_interfacesComeAndGo: the watchdog announces when there is an interface again, and after the sockets were lost.
func TestRun_interfacesComeAndGo(t *testing.T) {
	t.Parallel()
	needMulticast(t)
	all, err := interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var now []iface
	failed := errors.New("no list")
	set := func(l []iface, err error) {
		mu.Lock()
		defer mu.Unlock()
		now, failed = l, err
	}
	states := make(chan State, 100)
	o := loopback(anyPort(), func(s State) { states <- s })
	o.Watch = 10 * time.Millisecond
	o.list = func() ([]iface, error) {
		mu.Lock()
		defer mu.Unlock()
		return now, failed
	}
	next := func(announced bool, reason string) {
		t.Helper()
		select {
		case s := <-states:
			if s.Announced != announced || !strings.Contains(s.Reason, reason) || announced != (len(s.Interfaces) == 1) {
				t.Errorf("state %+v, want announced %v, reason %q", s, announced, reason)
			}
		case <-time.After(patience):
			t.Fatalf("no state with announced %v, reason %q", announced, reason)
		}
	}
	heard := sniff(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, o) }()
	next(false, "no list")
	set(nil, nil)
	next(false, "is not there")
	set(all, nil)
	next(true, "")
	hear(t, heard, o.Service.Instance, false)
	set(nil, nil)
	next(false, "is not there")
	hear(t, heard, o.Service.Instance, true)
	set(all, nil)
	next(true, "")
	hear(t, heard, o.Service.Instance, false)
	cancel()
	hear(t, heard, o.Service.Instance, true)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLook_socketsLost: sockets that somebody closed are opened anew.
func TestLook_socketsLost(t *testing.T) {
	t.Parallel()
	needMulticast(t)
	o := loopback(anyPort(), nil)
	o.list = interfaces
	a := &advertiser{Options: o}
	a.look(t.Context())
	first := a.now
	if first == nil {
		t.Fatal("not announced")
	}
	a.look(t.Context())
	if a.now != first {
		t.Error("started anew without a reason")
	}
	_ = first.conn.Close()
	a.look(t.Context())
	if a.now == first || a.now == nil {
		t.Error("still on closed sockets")
	}
	find(t, o.Service.Port)
	a.leave()
}

// TestRun_refuses: what cannot be announced is an error, not a state.
func TestRun_refuses(t *testing.T) {
	t.Parallel()
	for _, s := range []Service{
		{Instance: "a.b..c", Host: "x"}, {Instance: strings.Repeat("x", 64), Host: "x"}, {Instance: "x", Host: ""},
		{Instance: "x", Host: "x", Text: []Text{{"k", strings.Repeat("v", 300)}}},
	} {
		o := loopback(1, nil)
		o.Service = s
		if err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v was announced", s)
		}
	}
}

func TestCheck_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if err := Check(t.Context(), []string{"nosuch0"}); err == nil || !strings.Contains(err.Error(), "nosuch0") {
		t.Errorf("an interface that is not there: %v", err)
	}
}
