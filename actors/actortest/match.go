package actortest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/actors"
)

// Match says which messages a rule means.
type Match struct {
	f     func(actors.Delivery) bool
	typed bool // looks at the message
}

// Path means the actors whose path matches glob: "*" stands for any text without "/", "**" for
// any text.
func Path(glob string) Match {
	q := regexp.QuoteMeta(glob)
	q = strings.ReplaceAll(q, `\*\*`, `.*`)
	q = strings.ReplaceAll(q, `\*`, `[^/]*`)
	re := regexp.MustCompile(`^(?s:` + q + `)$`)
	return Match{f: func(d actors.Delivery) bool { return re.MatchString(d.Path) }}
}

// Kind means the actors of that Props.Kind.
func Kind(kind string) Match {
	return Match{f: func(d actors.Delivery) bool { return d.Kind == kind }}
}

// Message means the messages of type T, or that implement it if it is an interface. An actor's Start is
// a message of type actors.Starting, meant only if it is named here or by Named.
func Message[T any]() Match {
	return Match{typed: true, f: func(d actors.Delivery) bool { _, ok := d.Message.(T); return ok }}
}

// Named means the messages whose type has that name, "package.Type", for types that a test cannot
// import.
func Named(name string) Match {
	return Match{typed: true, f: func(d actors.Delivery) bool {
		return strings.TrimPrefix(fmt.Sprintf("%T", d.Message), "*") == name
	}}
}

// That means the messages of type T for which ok reports true.
func That[T any](ok func(T) bool) Match {
	return Match{typed: true, f: func(d actors.Delivery) bool {
		m, is := d.Message.(T)
		return is && ok(m)
	}}
}
