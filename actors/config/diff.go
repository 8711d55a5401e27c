package config

import (
	"reflect"
	"slices"
	"sort"
	"strings"
)

// Effect is what a change asks of a running gateway.
type Effect int

// Effects, the mildest first.
const (
	EffectNone    Effect = iota // whoever reads the section reads it anew; Apply hands the new values on
	EffectHot                   // one part starts anew
	EffectRestart               // the gateway starts anew
)

func (e Effect) String() string { return [...]string{"none", "hot", "restart"}[e] }

// Change is one difference between two configurations. It has no values: they may be secrets.
type Change struct {
	Path   string // dotted; a list counts as one value
	Effect Effect
	Part   string // which part starts anew; only with EffectHot
}

// Parts that can start anew by themselves (protocol: the surfaces by their names, and these).
const (
	PartGmail     = "gmail"
	PartHooks     = "hooks"
	PartHeartbeat = "heartbeat"
	PartCron      = "cron"
	PartBrowser   = "browser"
	PartAuth      = "auth" // who may connect
	PartMCP       = "mcp"  // servers of tools
)

// effects says what a change under a prefix asks for; the first match wins, and what matches nothing is a restart.
var effects = []struct {
	prefix string
	effect Effect
	part   string
}{
	{"gateway.mode", EffectNone, ""}, // what runs here is local; remote is refused
	{"gateway.remote", EffectNone, ""},
	{"gateway.reload", EffectNone, ""},
	{"gateway.metrics", EffectNone, ""},
	{"gateway.auth", EffectHot, PartAuth},
	{"hooks.gmail", EffectHot, PartGmail},
	{"hooks", EffectHot, PartHooks},
	{"agent.heartbeat", EffectHot, PartHeartbeat},
	{"cron", EffectHot, PartCron},
	{"browser", EffectHot, PartBrowser},
	{"mcp", EffectHot, PartMCP},
	{"web", EffectHot, "whatsapp"},
	{"whatsapp.replyToMode", EffectHot, "whatsapp"},
	{"whatsapp.clientVersion", EffectHot, "whatsapp"},
	{"telegram", EffectHot, "telegram"},
	{"discord", EffectHot, "discord"},
	{"slack", EffectHot, "slack"},
	{"signal", EffectHot, "signal"},
	{"imessage", EffectHot, "imessage"},
	{"identity", EffectNone, ""}, {"wizard", EffectNone, ""}, {"logging", EffectNone, ""}, {"models", EffectNone, ""},
	{"agent", EffectNone, ""}, {"routing", EffectNone, ""}, {"messages", EffectNone, ""}, {"session", EffectNone, ""},
	{"whatsapp", EffectNone, ""}, {"talk", EffectNone, ""}, {"skills", EffectNone, ""}, {"ui", EffectNone, ""},
	{"tools", EffectNone, ""}, {"update", EffectNone, ""}, {"diagnostics", EffectNone, ""},
}

// Verdict says what a change at a dotted path asks for.
func Verdict(path string) Change {
	for _, e := range effects {
		if rest, ok := strings.CutPrefix(path, e.prefix); ok && (rest == "" || rest[0] == '.') {
			return Change{Path: path, Effect: e.effect, Part: e.part}
		}
	}
	return Change{Path: path, Effect: EffectRestart}
}

// Diff lists what differs between two valid documents, by path.
func Diff(before, after *Document) []Change {
	var changes []Change
	diffNodes("", before.root, after.root, func(path string) {
		c := Verdict(path)
		if c.Effect != EffectNone && sameInEffect(path, before.Config, after.Config) {
			c = Change{Path: path} // a default was written out, or a number in another notation
		}
		changes = append(changes, c)
	})
	sort.Slice(changes, func(i, j int) bool { return changes[i].Path < changes[j].Path })
	return changes
}

// diffNodes calls changed with the path of every value that only one side has, or that differs. A section that comes
// or goes is gone through: each of its values may ask for something else.
func diffNodes(path string, a, b *node, changed func(string)) {
	isObject := func(n *node) bool { return n == nil || n.kind == kindObject }
	switch {
	case a != nil && b != nil && a.equal(b):
	case path != "" && (a == nil || b == nil) && isObject(a) && isObject(b) && len(a.keys(b)) == 0:
		changed(path)
	case isObject(a) && isObject(b):
		for _, key := range a.keys(b) {
			diffNodes(join(path, key), a.get(key), b.get(key), changed)
		}
	default:
		changed(path)
	}
}

// keys are the keys of n and o, each once. Both may be nil.
func (n *node) keys(o *node) []string {
	var all []string
	for _, side := range []*node{n, o} {
		if side == nil {
			continue
		}
		for _, m := range side.members {
			all = append(all, m.key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sameInEffect tells whether what is at path comes to the same on both sides.
func sameInEffect(path string, before, after *Config) bool {
	a, b := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for key := range strings.SplitSeq(path, ".") {
		if a.Kind() == reflect.Pointer && !a.IsNil() && !b.IsNil() {
			a, b = a.Elem(), b.Elem()
		}
		if a.Kind() != reflect.Struct {
			break // keys of the user: compared as a whole
		}
		fields, _ := fieldsOf(a.Type())
		f, ok := fields[key]
		if !ok {
			return false
		}
		a, b = a.FieldByIndex(f.index), b.FieldByIndex(f.index)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// plan is what follows from a set of changes under a reload mode.
type plan struct {
	apply   bool   // hand the document to the parts
	restart bool   // the gateway has to start anew
	refused string // why nothing happens, where something was asked for
	reason  string // what asks for the restart
}

func planFor(mode string, changes []Change) plan {
	var restarts []string
	for _, c := range changes {
		if c.Effect == EffectRestart || mode == "restart" {
			restarts = append(restarts, c.Path)
		}
	}
	why := someOf(restarts)
	switch {
	case mode == "off":
		return plan{refused: "gateway.reload.mode is off: the change of " + someOf(pathsOf(changes)) + " waits for a restart"}
	case len(restarts) == 0:
		return plan{apply: true}
	case mode == "hot":
		return plan{refused: "gateway.reload.mode is hot, and the change of " + why + " needs a restart; nothing of the file was applied"}
	default:
		return plan{restart: true, reason: "config: " + why}
	}
}

func pathsOf(changes []Change) []string {
	paths := make([]string, len(changes))
	for i, c := range changes {
		paths[i] = c.Path
	}
	return paths
}

// someOf names the first few of many.
func someOf(paths []string) string {
	const most = 5
	if len(paths) > most {
		return strings.Join(paths[:most], ", ") + ", ..."
	}
	return strings.Join(paths, ", ")
}
