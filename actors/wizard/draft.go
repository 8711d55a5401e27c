package wizard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

// draft is the configuration that is being made. Values that nobody touches keep their notation.
type draft struct {
	root    map[string]wire.Raw
	changed []change
}

// change is one key that the file will have otherwise.
type change struct {
	path   string
	value  string // as shown
	secret bool
}

func parseDraft(parsed []byte) (draft, error) {
	d := draft{root: map[string]wire.Raw{}}
	if len(parsed) == 0 {
		return d, nil
	}
	if err := wire.Unmarshal(parsed, &d.root); err != nil {
		return d, fmt.Errorf("the config file is not an object: %w", err)
	}
	return d, nil
}

// get is the value at a dotted path, nil when there is none.
func (d *draft) get(path string) wire.Raw {
	at := d.root
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next := map[string]wire.Raw{}
		if wire.Unmarshal(at[key], &next) != nil {
			return nil
		}
		at = next
	}
	return at[keys[len(keys)-1]]
}

func (d *draft) text(path string) string { return value(d.get(path)).text() }

// set puts a value at a dotted path and notes the change, if it is one.
func (d *draft) set(path string, v any, secret bool) {
	fresh := raw(v)
	if string(d.get(path)) == string(fresh) {
		return
	}
	put(d.root, strings.Split(path, "."), fresh)
	d.note(change{path: path, value: string(fresh), secret: secret})
}

// drop removes what is at a path.
func (d *draft) drop(path string) {
	if d.get(path) == nil {
		return
	}
	put(d.root, strings.Split(path, "."), nil)
	d.note(change{path: path, value: "removed"})
}

func (d *draft) note(c change) {
	d.changed = slices.DeleteFunc(d.changed, func(old change) bool { return old.path == c.path })
	d.changed = append(d.changed, c)
}

// put sets or, with a nil value, removes.
func put(at map[string]wire.Raw, keys []string, v wire.Raw) {
	if len(keys) == 1 {
		if v == nil {
			delete(at, keys[0])
		} else {
			at[keys[0]] = v
		}
		return
	}
	next := map[string]wire.Raw{}
	if at[keys[0]] != nil && wire.Unmarshal(at[keys[0]], &next) != nil {
		next = map[string]wire.Raw{} // of another kind: it is replaced
	}
	put(next, keys[1:], v)
	at[keys[0]] = raw(next)
}

// summary lists the changes, one a line, without secrets.
func (d *draft) summary() string {
	lines := make([]string, len(d.changed))
	for i, c := range d.changed {
		shown := c.value
		if c.secret {
			shown = "(secret)"
		}
		lines[i] = c.path + ": " + shown
	}
	return strings.Join(lines, "\n")
}
