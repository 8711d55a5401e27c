package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/file"
)

// legacy are keys of older versions that make a file invalid: what to write instead, and where their value belongs now.
// A place that has a value already keeps it.
var legacy = []struct {
	path    []string
	message string
	places  [][]string
}{
	{
		[]string{"routing", "allowFrom"},
		"routing.allowFrom was moved; write whatsapp.allowFrom instead",
		[][]string{{"whatsapp", "allowFrom"}},
	},
	{
		[]string{"routing", "groupChat", "requireMention"},
		`routing.groupChat.requireMention was moved; write whatsapp.groups."*".requireMention ` +
			`(the same under telegram.groups and imessage.groups) instead`,
		[][]string{
			{"whatsapp", "groups", "*", "requireMention"}, {"telegram", "groups", "*", "requireMention"},
			{"imessage", "groups", "*", "requireMention"},
		},
	},
	{
		[]string{"telegram", "requireMention"},
		`telegram.requireMention was moved; write telegram.groups."*".requireMention instead`,
		[][]string{{"telegram", "groups", "*", "requireMention"}},
	},
}

func legacyIssues(root *node) []Issue {
	var issues []Issue
	for _, l := range legacy {
		if root.at(l.path...) != nil {
			issues = append(issues, Issue{Path: strings.Join(l.path, "."), Message: l.message})
		}
	}
	return issues
}

// withoutLegacy leaves the legacy keys out of the tree: they are reported once, as what they are.
func withoutLegacy(root *node) *node {
	for _, l := range legacy {
		root = root.without(l.path)
	}
	return root
}

// LoadForStart is Load for a gateway that starts: a file that is invalid only for legacy keys is rewritten first, as a
// patch that keeps the comments, and a copy of what it was stays beside it. moved says what was done, one line each.
// With CLAWDBOT_NIX_MODE the file belongs to somebody else, and is left as it is.
func LoadForStart(path string, getenv func(string) string) (d *Document, moved []string, err error) {
	d, err = Load(path, getenv)
	if err == nil || len(d.LegacyIssues) == 0 || ParseEnv(Lookup(getenv)).NixMode {
		return d, nil, err
	}
	text, moved, err := d.migrated()
	if err != nil {
		return d, nil, d.unmoved(err)
	}
	now := Parse(path, text, getenv)
	if !now.Valid {
		return d, nil, &InvalidError{Path: path, Issues: d.Issues} // more is wrong with it than that it is old
	}
	copied, err := keepCopy(path, d.raw)
	if err == nil {
		err = file.Replace(path, []byte(text))
	}
	if err != nil {
		return d, nil, d.unmoved(err)
	}
	return now, append(moved, "the file as it was is kept as "+copied), nil
}

func (d *Document) unmoved(err error) error {
	why := Issue{Message: "the legacy keys could not be moved: " + err.Error()}
	return &InvalidError{Path: d.Path, Issues: append([]Issue{why}, d.Issues...)}
}

// migrated is the text of the file with every legacy key at its new place.
func (d *Document) migrated() (text string, moved []string, err error) {
	want := d.root
	for _, l := range slices.Backward(legacy) { // the key of one surface before that of all: it was the stronger one
		value := want.at(l.path...)
		if value == nil {
			continue
		}
		from := strings.Join(l.path, ".")
		want = want.without(l.path).withoutEmpty(l.path[:len(l.path)-1])
		for _, place := range l.places {
			to := strings.Join(place, ".")
			if want.at(place...) != nil {
				moved = append(moved, from+" removed: "+to+" is set")
				continue
			}
			if !want.takes(place) {
				return "", nil, errors.New(to + " has no place: a key above it is not an object")
			}
			want = want.with(place, value)
			moved = append(moved, from+" moved to "+to)
		}
	}
	text, err = patch(d.raw, d.root, want)
	return text, moved, err
}

// without returns n without the key at path. What has to differ is copied.
func (n *node) without(path []string) *node {
	if n.at(path...) == nil {
		return n
	}
	c := *n
	c.members = nil
	for _, m := range n.members {
		if m.key == path[0] {
			if len(path) == 1 {
				continue
			}
			m.value = m.value.without(path[1:])
		}
		c.members = append(c.members, m)
	}
	return &c
}

// withoutEmpty returns n without the objects on path that hold nothing, the innermost first.
func (n *node) withoutEmpty(path []string) *node {
	for ; len(path) > 0; path = path[:len(path)-1] {
		if o := n.at(path...); o == nil || o.kind != kindObject || len(o.members) > 0 {
			break
		}
		n = n.without(path)
	}
	return n
}

// takes tells whether a value can be put at path: what is above it, is an object or not there.
func (n *node) takes(path []string) bool {
	for _, key := range path {
		if n == nil {
			break
		}
		if n.kind != kindObject {
			return false
		}
		n = n.get(key)
	}
	return true
}

// keepCopy writes text beside the file, under a name that is free.
func keepCopy(path, text string) (name string, err error) {
	for i := 1; i < 100; i++ {
		name = path + ".bak"
		if i > 1 {
			name += "." + strconv.Itoa(i)
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.WriteString(text)
		return name, errors.Join(err, f.Sync(), f.Close())
	}
	return "", fmt.Errorf("there are too many copies beside %s", path)
}
