package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/actors/file"
)

// Backends of confinement.
const (
	Landlock   = "landlock"
	Bubblewrap = "bubblewrap"
)

// Confinement is what a program is kept to: it reads the system's own directories, changes what is in Write and a directory
// of its own, has no network unless Net, and cannot signal, trace or talk to the processes outside.
type Confinement struct {
	Backend string   // one that Probe found
	Write   []string // directories that it may change; absolute
	Read    []string // further directories that it may read; absolute
	Never   []string // directories that must be in none of these; absolute
	Net     bool
}

// Found is what Probe says.
type Found struct {
	Backend string // "" = none
	Detail  string // which version, or why there is none
}

// Probe looks how programs can be confined on this host; want is a backend, or "" for the best there is. It starts a
// program, and is asked once.
func Probe(want string) Found {
	var why []string
	for _, b := range []string{Bubblewrap, Landlock} {
		if want != "" && want != b {
			continue
		}
		detail, err := probe(b)
		if err == nil {
			return Found{b, detail}
		}
		why = append(why, b+": "+err.Error())
	}
	if len(why) == 0 {
		return Found{"", fmt.Sprintf("there is no sandbox called %.40q; there are %s and %s", want, Bubblewrap, Landlock)}
	}
	return Found{"", strings.Join(why, "; ")}
}

// system is what every confined program may read and run, where it exists.
var system = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/run/current-system", "/snap",
}

// devices may be written to.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}

// check refuses a confinement that would let the program at what it must never see.
func (c Confinement) check() error {
	for _, dir := range slices.Concat(c.Write, c.Read) {
		if !filepath.IsAbs(dir) {
			return fmt.Errorf("the sandbox cannot be given %q: it is no absolute path", dir)
		}
		for _, never := range c.Never {
			if file.Within(file.Real(never), file.Real(dir)) {
				return fmt.Errorf("the sandbox cannot be given %s: %s is in it, and a sandboxed command must not see that", dir, never)
			}
		}
	}
	return nil
}

// apply makes an order a confined one. scratch is the directory that the program has for itself.
func (c Confinement) apply(o order, scratch string) (order, error) {
	if err := c.check(); err != nil {
		return o, err
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(scratch, "home"), 0o700), os.MkdirAll(filepath.Join(scratch, "tmp"), 0o700)); err != nil {
		return o, err
	}
	switch c.Backend {
	case Landlock:
		o.Env = with(o.Env, "HOME="+filepath.Join(scratch, "home"), "TMPDIR="+filepath.Join(scratch, "tmp"))
		o.Confine = &confined{Read: slices.Concat(existing(system), []string{"/proc"}, c.Read), Write: slices.Concat(existing(devices), c.Write, []string{scratch}), Net: c.Net}
		return o, nil
	case Bubblewrap:
		o.Env = with(o.Env, "HOME=/tmp", "TMPDIR=/tmp")
		o.Argv = append(c.bwrap(o.Dir), o.Argv...)
		return o, nil
	}
	return o, fmt.Errorf("there is no sandbox called %q", c.Backend)
}

// bwrap is the command line that confines with bubblewrap.
func (c Confinement) bwrap(dir string) []string {
	args := []string{"bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"}
	if c.Net {
		args = append(args, "--share-net")
	}
	for _, d := range system {
		args = append(args, "--ro-bind-try", d, d)
	}
	for _, d := range c.Read {
		args = append(args, "--ro-bind", d, d)
	}
	for _, d := range c.Write {
		args = append(args, "--bind", d, d)
	}
	return append(args, "--chdir", dir, "--")
}

func existing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		_, err := os.Stat(p)
		return err != nil
	})
}

// with sets variables of an environment.
func with(env []string, set ...string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, name+"=") })
	})
	return append(out, set...)
}
