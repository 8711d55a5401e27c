package tailnet

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/providers/child/childtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 60 * time.Second

// The fake keeps what is published in the file "served", as the target, and writes each call into the file "calls". What a
// test wants of it otherwise comes first.
const fake = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo "$*" >> calls
SPECIAL
case "$*" in
"status --json") echo '{"BackendState":"Running","Self":{"DNSName":"Box.tail1.ts.net."}}' ;;
"serve status --json")
	[ -f served ] || { echo '{}'; exit 0; }
	funnel=false; [ -f funnelled ] && funnel=true
	echo '{"TCP":{"443":{"HTTPS":true}},"Web":{"box.tail1.ts.net:443":{"Handlers":{"/":{"Proxy":"'"$(cat served)"'"}}}},"AllowFunnel":{"box.tail1.ts.net:443":'$funnel'}}' ;;
"serve --bg --yes --https=443 "*) echo "$5" > served; rm -f funnelled ;;
"funnel --bg --yes --https=443 "*) echo "$5" > served; : > funnelled ;;
"serve --https=443 off" | "funnel --https=443 off") rm -f served funnelled ;;
*) echo "unknown: $*" >&2; exit 2 ;;
esac
`

const target = "http://127.0.0.1:18789"

// machine is a directory with a fake tailscale.
type machine struct {
	dir string
	t   *testing.T
}

func newMachine(t *testing.T, special string) machine {
	t.Helper()
	m := machine{t.TempDir(), t}
	script := strings.Replace(fake, "SPECIAL", special, 1)
	childtest.Write(t, filepath.Join(m.dir, "tailscale"), script)
	return m
}

func (m machine) file(name string) string {
	b, _ := os.ReadFile(filepath.Join(m.dir, name)) // "" where it is not
	return strings.TrimSpace(string(b))
}

func (m machine) put(name, content string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m machine) calls() []string { return strings.Split(m.file("calls"), "\n") }

// begin runs until done is called. Each status comes.
func (m machine) begin(o Options) (statuses <-chan Status, done func()) {
	m.t.Helper()
	all, ended := make(chan Status, 100), make(chan struct{})
	o.Path, o.Env, o.Report = "relative:"+m.dir, []string{"PATH=" + os.Getenv("PATH")}, func(s Status) { all <- s }
	if o.Target == "" {
		o.Target = target
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(ended)
		Run(ctx, o)
	}()
	done = func() {
		cancel()
		<-ended
	}
	m.t.Cleanup(done)
	return all, done
}

func next(t *testing.T, c <-chan Status) Status {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(patience):
		t.Fatal("no status")
		panic("unreachable")
	}
}

func TestRun_publishes(t *testing.T) {
	t.Parallel()
	ask := []string{"status --json", "serve status --json"}
	for _, tc := range []struct {
		name  string
		o     Options
		were  string // what is published before
		calls []string
		left  string
	}{
		{"serve", Options{Mode: Serve}, "", []string{"serve --bg --yes --https=443 " + target, "serve status --json"}, target},
		{"serve, reset", Options{Mode: Serve, Reset: true}, "", []string{"serve --bg --yes --https=443 " + target, "serve status --json", "serve --https=443 off"}, ""},
		{"funnel", Options{Mode: Funnel}, "", []string{"funnel --bg --yes --https=443 " + target, "serve status --json"}, target},
		{"funnel, reset", Options{Mode: Funnel, Reset: true}, "", []string{"funnel --bg --yes --https=443 " + target, "serve status --json", "funnel --https=443 off"}, ""},
		{"TLS behind it", Options{Mode: Serve, Target: "https+insecure://127.0.0.1:1"}, "", []string{"serve --bg --yes --https=443 https+insecure://127.0.0.1:1", "serve status --json"}, "https+insecure://127.0.0.1:1"},
		{"published already", Options{Mode: Serve}, target, nil, target},
		{"published already, reset", Options{Mode: Serve, Reset: true}, target, []string{"serve --https=443 off"}, ""},
		{"served, funnel wanted", Options{Mode: Funnel}, target, []string{"funnel --bg --yes --https=443 " + target, "serve status --json"}, target},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "")
			if tc.were != "" {
				m.put("served", tc.were)
			}
			statuses, done := m.begin(tc.o)
			if s := next(t, statuses); s != (Status{Name: "box.tail1.ts.net", URL: "https://box.tail1.ts.net/"}) {
				t.Errorf("%+v", s)
			}
			if _, err := os.Stat(filepath.Join(m.dir, "funnelled")); (err == nil) != (tc.o.Mode == Funnel) {
				t.Errorf("on the internet: %v", err == nil)
			}
			done()
			if got := m.calls(); !slices.Equal(got, append(slices.Clone(ask), tc.calls...)) {
				t.Errorf("calls %q", got)
			}
			if got := m.file("served"); got != tc.left {
				t.Errorf("left behind: %q", got)
			}
		})
	}
}

// What is wrong is said with the next step, and nothing of others is touched.
func TestRun_problems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3000)
	for _, tc := range []struct{ name, special, were, want string }{
		{"not up", `[ "$1" = status ] && { echo '{"BackendState":"Stopped"}'; exit 0; }`, "", "not up (Stopped): run tailscale up"},
		{"not logged in", `[ "$1" = status ] && { echo '{"BackendState":"NeedsLogin"}'; exit 0; }`, "", "not logged in: run tailscale up"},
		{"no daemon", `[ "$1" = status ] && { echo 'failed to connect to local tailscaled' >&2; exit 1; }`, "", "status --json failed: failed to connect to local tailscaled"},
		{"no name", `[ "$1" = status ] && { echo '{"BackendState":"Running","Self":{"DNSName":""}}'; exit 0; }`, "", "MagicDNS"},
		{"odd name", `[ "$1" = status ] && { echo '{"BackendState":"Running","Self":{"DNSName":"a b.c/d"}}'; exit 0; }`, "", "MagicDNS"},
		{"rubbish", `head -c 3000 /dev/urandom; exit 0`, "", "nothing that can be understood"},
		{"rubbish of serve", `[ "$2" = status ] && { echo 'Usage:'; exit 0; }`, "", "1.52 or newer"},
		{"silent failure", `exit 3`, "", "exit status 3"},
		{"refused", `[ "$2" = --bg ] && { printf 'Serve is not enabled on your tailnet.\nTo enable, visit: https://login.example/f\033[0m\n'; exit 1; }`, "", "To enable, visit: https://login.example/f"},
		{"said yes, did nothing", `[ "$2" = --bg ] && exit 0`, "", "does not say why"},
		{"talks much", `[ "$2" = --bg ] && { echo ` + long + ` >&2; exit 1; }`, "", "…"},
		{"somebody else's", "", "http://127.0.0.1:3000", "already publishes http://127.0.0.1:3000"},
		{"hangs", `[ "$2" = --bg ] && { echo 'visit https://login.example/g'; sleep 1000; }`, "", "did not end within 2s: visit https://login.example/g"},
		{"hangs at once", `sleep 1000`, "", "is tailscaled well?"},
		{"ignores signals", `trap '' TERM INT; sleep 1000; sleep 1000`, "", "did not end within"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, tc.special)
			if tc.were != "" {
				m.put("served", tc.were)
			}
			limit := patience
			if strings.Contains(tc.special, "sleep") {
				limit = 2 * time.Second
			}
			o := Options{Mode: Serve, Ask: patience, Set: limit}
			if !strings.Contains(tc.special, "--bg") {
				o.Ask = limit
			}
			statuses, done := m.begin(o)
			s := next(t, statuses)
			done()
			if s.URL != "" || !strings.Contains(s.Problem, tc.want) || strings.ContainsAny(s.Problem, "\n\x1b") || len(s.Problem) > 700 {
				t.Errorf("%+v", s)
			}
			if m.file("served") != tc.were {
				t.Errorf("published: %q", m.file("served"))
			}
		})
	}
}

// Without the program that is all there is to say; no program of the current directory is taken.
func TestRun_missing(t *testing.T) {
	t.Parallel()
	all := make(chan Status, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go Run(ctx, Options{Mode: Serve, Target: target, Path: ".:" + t.TempDir() + "::", Report: func(s Status) { all <- s }})
	if s := next(t, all); s.URL != "" || s.Problem != ErrMissing.Error() {
		t.Errorf("%+v", s)
	}
}

// It is tried again until it works.
func TestRun_retries(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `[ -f up ] || { echo down >&2; exit 1; }`)
	statuses, _ := m.begin(Options{Mode: Serve, Retry: time.Millisecond})
	if s := next(t, statuses); !strings.HasSuffix(s.Problem, "down") {
		t.Fatalf("%+v", s)
	}
	m.put("up", "")
	for s := next(t, statuses); s.URL == ""; s = next(t, statuses) {
		if s.Problem == "" {
			t.Fatalf("%+v", s)
		}
	}
}

// The end does not wait for a tailscale that hangs.
func TestRun_resetHangs(t *testing.T) {
	t.Parallel()
	m := newMachine(t, `[ "$3" = off ] && sleep 1000`)
	statuses, done := m.begin(Options{Mode: Serve, Reset: true})
	next(t, statuses)
	began := time.Now()
	done()
	if took := time.Since(began); took > resetLimit+30*time.Second {
		t.Errorf("the end took %v", took)
	}
	if s := next(t, statuses); !strings.Contains(s.Problem, "still published") {
		t.Errorf("%+v", s)
	}
}
