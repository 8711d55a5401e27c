package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/clawdbot/gateway/actors/file"
)

// confinement is one of the backend, around a workspace; the test is skipped where the host has no such thing.
func confinement(t *testing.T, backend string) (c *Confinement, workspace string) {
	t.Helper()
	found := Probe(backend)
	if found.Backend == "" {
		t.Skip("skipped: ", found.Detail)
	}
	t.Log(found.Detail)
	workspace = file.Real(t.TempDir())
	return &Confinement{Backend: backend, Write: []string{workspace}}, workspace
}

// TestConfine: a confined program works in its workspace, and has nothing else.
func TestConfine(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{Landlock, Bubblewrap} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			c, workspace := confinement(t, backend)
			secret := filepath.Join(file.Real(t.TempDir()), "secret")
			if err := os.WriteFile(secret, []byte("CANARY"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Dir(secret), filepath.Join(workspace, "way-out")); err != nil {
				t.Fatal(err)
			}
			allowed := []string{
				"echo hello >made && cat made && mkdir -p d/e && mv made d/e/moved && ls d/e && rm -r d",
				"echo x >$TMPDIR/x && cat $TMPDIR/x && echo x >$HOME/x",
				"cat /etc/passwd >/dev/null && ls /usr/bin >/dev/null",
			}
			refused := []string{
				"cat " + secret, "cat way-out/secret", "echo x >" + secret, "echo x >way-out/y", "ln way-out/secret stolen && cat stolen",
				"ls " + filepath.Dir(secret), "rm " + secret, "mv " + secret + " mine", "echo x >/usr/made-by-a-test", "mkdir /made-by-a-test",
				"echo x >/var/tmp/made-by-a-test", "cat /proc/$PPID/environ",
			}
			var script strings.Builder
			for i, line := range append(allowed, refused...) {
				fmt.Fprintf(&script, "(%s) 2>&1 && echo OK-%d\n", line, i)
			}
			out, _ := newKeeper(t).start(t, Spec{Dir: workspace, Confine: c, Argv: []string{"sh", "-c", script.String()}}).end(t)
			for i, line := range append(allowed, refused...) {
				if strings.Contains(out, fmt.Sprintf("OK-%d\n", i)) != (i < len(allowed)) {
					t.Errorf("%s: allowed is %v in %s", line, i >= len(allowed), out)
				}
			}
			if strings.Contains(out, "CANARY") {
				t.Error("the secret was read: ", out)
			}
			if b, err := os.ReadFile(secret); err != nil || string(b) != "CANARY" {
				t.Errorf("the file outside is now %q, %v", b, err)
			}
			if _, err := os.Stat("/usr/made-by-a-test"); err == nil {
				t.Error("a file outside was made")
			}
		})
	}
}

// probing is what TestConfine_calls has a confined program do: this test, in the guard's place.
const probing = "PROCESS_TEST_CALLS"

// TestCalls is no test: it tries, confined, what is not to work, and says what did.
func TestCalls(t *testing.T) {
	pid := os.Getenv(probing)
	if pid == "" {
		t.Skip("for TestConfine_calls")
	}
	for name, family := range map[string]int{"inet": unix.AF_INET, "inet6": unix.AF_INET6, "unix": unix.AF_UNIX, "netlink": unix.AF_NETLINK} {
		if fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0); err == nil {
			t.Errorf("a socket of %s can be made", name)
			unix.Close(fd)
		}
	}
	if err := unix.Kill(number(t, pid), 0); err == nil {
		t.Error("processes outside can be signalled")
	}
	if err := unix.Unshare(unix.CLONE_NEWUSER); err == nil {
		t.Error("a namespace can be made")
	}
	if fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
		t.Error("programs cannot talk to their own children: ", err)
	} else {
		unix.Close(fds[0])
		unix.Close(fds[1])
	}
}

// TestConfine_calls: no network, no signals outside, no new privileges.
func TestConfine_calls(t *testing.T) {
	t.Parallel()
	c, workspace := confinement(t, Landlock)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.Read = []string{filepath.Dir(self)}
	outside := newKeeper(t).shell(t, "echo ready; exec sleep 1000")
	outside.line(t)
	r := newKeeper(t).start(t, Spec{Dir: workspace, Confine: c, Argv: []string{self, "-test.run=^TestCalls$", "-test.v"},
		Env: []string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", probing + "=" + strconv.Itoa(outside.PID())}})
	if out, exit := r.end(t); exit.Code != 0 || !strings.Contains(out, "PASS: TestCalls") {
		t.Errorf("%+v %s", exit, out)
	}
}

// TestConfine_never: a confinement that would show what must not be seen is refused.
func TestConfine_never(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	home := t.TempDir()
	state := filepath.Join(home, ".clawdbot")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(home, link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{home, "/", state, link, "relative"} {
		_, err := k.Start(t.Context(), Spec{Argv: []string{"true"}, Dir: "/", Confine: &Confinement{Backend: Landlock, Write: []string{dir}, Never: []string{state}}})
		if err == nil || !strings.Contains(err.Error(), "the sandbox cannot be given") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if _, err := k.Start(t.Context(), Spec{Argv: []string{"true"}, Dir: "/", Confine: &Confinement{Backend: "chroot"}}); err == nil {
		t.Error("a sandbox that does not exist is taken for one")
	}
	if f := Probe("chroot"); f.Backend != "" || !strings.Contains(f.Detail, "landlock") {
		t.Errorf("%+v", f)
	}
}

// TestConfine_guard: what is confined cannot get at its guard's memory, by none of its threads.
func TestConfine_guard(t *testing.T) {
	t.Parallel()
	c, workspace := confinement(t, Landlock)
	r := newKeeper(t).start(t, Spec{Dir: workspace, Confine: c, Argv: []string{"sh", "-c",
		`for m in /proc/$PPID/mem /proc/$PPID/task/*/mem /proc/$PPID/environ; do if (: <"$m"); then echo "OPEN $m"; fi; done 2>/dev/null; echo tried`}})
	if out, _ := r.end(t); out != "tried\n" {
		t.Error(out)
	}
}
