package doctor

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/config"
)

// Severity says how bad a finding is.
type Severity string

// Severities.
const (
	Error   Severity = "error"   // something does not work, or will be lost
	Warning Severity = "warning" // works, and is likely to fail or to surprise
	Info    Severity = "info"    // worth knowing
)

// Finding is one thing that was found.
type Finding struct {
	ID       string   `json:"id"` // stable: "state.mode"
	Severity Severity `json:"severity"`
	Message  string   `json:"message"` // the cause, one line
	Next     string   `json:"next"`    // what to do
	Fixable  bool     `json:"fixable"` // Repair can do it
	Fixed    bool     `json:"fixed,omitempty"`

	fix func() error
}

// Options are where to look.
type Options struct {
	Env     config.Env
	Lookup  config.LookupFunc
	Version string // of this program
	// Call calls a method of the running gateway. Nil = there is none; Down says why, and Refused that it does not want us.
	Call    func(ctx context.Context, method string, params, result any) error
	Down    error
	Refused bool
	// Running is the version of the running gateway, "" = not known.
	Running string
	// Service is how the gateway is installed as a service; nil = there is no service manager, or nobody asked it.
	Service *Service
	Host    Host
}

// Service is what a service manager knows of the gateway.
type Service struct {
	Path      string // of the unit
	Installed bool
	Outdated  bool   // the unit is not the one that this program would install
	Failed    bool   // it was given up
	Detail    string // how it ended
	Linger    *bool  // it runs without a session of the user; nil = not known
}

// Host is what is asked of the machine. What is nil is the machine's own.
type Host struct {
	Now      func() time.Time
	UID      func() int // of this process
	LookPath func(program string) (string, error)
	// Free is the room on the file system of a directory, in bytes and in files; nfiles is 0 where files are not counted.
	Free func(dir string) (bytes, files, nfiles uint64, err error)
	// Write tries whether a file can be made in a directory.
	Write func(dir string) error
	// Listen tries whether an address is free.
	Listen func(addr string) error
	// Visit connects to a host over TLS and returns the clock that it tells.
	Visit func(ctx context.Context, host string) (time.Time, error)
}

// patient is one examination.
type patient struct {
	Options
	ctx   context.Context
	doc   *config.Document
	cfg   *config.Config // as far as it can be used: the defaults where the file is not valid
	found []Finding
	fresh bool // nothing was set up yet
	over  bool // what is wrong makes all else look wrong, too
}

// Examine looks at everything and returns what is wrong, the worst first. The ids are those of docs/troubleshooting.md.
func Examine(ctx context.Context, o Options) []Finding {
	return examine(ctx, o, []func(*patient){
		(*patient).directory, (*patient).environment, (*patient).settings, (*patient).modes, (*patient).database, (*patient).room,
		(*patient).logins, (*patient).ports, (*patient).programs, (*patient).platforms, (*patient).gateway, (*patient).accounts,
		(*patient).deliveries, (*patient).schedules, (*patient).models, (*patient).skills, (*patient).tree, (*patient).service,
	})
}

func examine(ctx context.Context, o Options, checks []func(*patient)) []Finding {
	p := &patient{Options: o, ctx: ctx, found: []Finding{}}
	p.Host = p.Host.orReal()
	p.doc = config.Read(o.Env.ConfigPath, o.Lookup.Getenv)
	if p.cfg = p.doc.Config; p.cfg == nil {
		p.cfg = config.Parse(o.Env.ConfigPath, "{}", o.Lookup.Getenv).Config
	}
	for _, check := range checks {
		if check(p); p.over {
			break
		}
	}
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	sort.SliceStable(p.found, func(i, j int) bool { return rank[p.found[i].Severity] < rank[p.found[j].Severity] })
	return p.found
}

// Repair does what can be done by itself and marks it. The error names what could not be done.
func Repair(found []Finding) error {
	var failed []string
	for i := range found {
		f := &found[i]
		if f.fix == nil {
			continue
		}
		if err := f.fix(); err != nil {
			failed = append(failed, f.ID+": "+err.Error())
			continue
		}
		f.Fixed = true
	}
	if failed != nil {
		return fmt.Errorf("not repaired: %s", strings.Join(failed, "; "))
	}
	return nil
}

// Worst is the severity of the worst finding that is not repaired; "" = there is none.
func Worst(found []Finding) (worst Severity) {
	for _, f := range found {
		switch {
		case f.Fixed || f.Severity == Info:
		case f.Severity == Error:
			return Error
		default:
			worst = f.Severity
		}
	}
	return worst
}

func (p *patient) add(id string, s Severity, next, format string, args ...any) *Finding {
	message := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ") // one line
	p.found = append(p.found, Finding{ID: id, Severity: s, Message: message, Next: next})
	return &p.found[len(p.found)-1]
}

// with says how a finding is repaired.
func (f *Finding) with(fix func() error) { f.Fixable, f.fix = true, fix }

// first is at most n of the names, and how many more there are.
func first(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}
