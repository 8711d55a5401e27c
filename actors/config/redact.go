package config

import (
	"encoding/json"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// View is a document fit for the eyes of a client: every secret in it reads __REDACTED__.
type View struct {
	Path         string
	Exists       bool
	Raw          *string // nil = no readable file
	Parsed       json.RawMessage
	Valid        bool
	Config       json.RawMessage // what the file sets; {} when it is invalid
	Issues       []Issue
	LegacyIssues []Issue
	Hash         string // of the file, for config.set; "" = not asked for
}

// Redacted returns the document without its secrets. In Raw only the secret values are replaced: comments and
// layout stay, except for what looks like a secret in a comment.
func (d *Document) Redacted() View {
	v := View{
		Path: d.Path, Exists: d.Exists, Valid: d.Valid, Issues: d.Issues, LegacyIssues: d.LegacyIssues,
		Parsed: json.RawMessage("{}"), Config: json.RawMessage("{}"),
	}
	if !d.hasRaw {
		return v
	}
	var raw string
	v.Raw = &raw
	if d.root == nil {
		raw = maskText(d.raw, false)
		return v
	}
	secrets := secretNodes(d.root)
	raw = maskRaw(d.raw, d.comments, secrets)
	v.Parsed = d.root.masked(secrets).JSON()
	if d.Valid {
		v.Config = v.Parsed
	}
	return v
}

var sensitiveKey = regexp.MustCompile(`(?i)token|password|secret|api[ _-]?key`)

// secretNodes finds the values of root that are secrets: by the keys they stand under, by their shape, or because
// they repeat a secret found elsewhere.
func secretNodes(root *node) map[*node]bool {
	found := map[*node]bool{}
	root.walk(nil, func(path []string, n *node) {
		if isSecretAt(path, n) {
			found[n] = true
		}
	})
	hide := hider(found)
	root.walk(nil, func(_ []string, n *node) {
		if n.kind == kindString && hide.Replace(n.text) != n.text {
			found[n] = true
		}
	})
	return found
}

// hider replaces the secrets in a text; short ones stay, because they may be common words by chance.
func hider(secrets map[*node]bool) *strings.Replacer {
	var texts []string
	for n := range secrets {
		if len(n.text) >= 8 {
			texts = append(texts, n.text)
		}
	}
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) }) // a secret may contain another
	var pairs []string
	for _, s := range texts {
		pairs = append(pairs, s, Redacted)
	}
	return strings.NewReplacer(pairs...)
}

func isSecretAt(path []string, n *node) bool {
	if n.text == "" || n.kind != kindString && n.kind != kindNumber {
		return false
	}
	if n.kind == kindString && secretShape.MatchString(n.text) {
		return true
	}
	for i, key := range path {
		if n.kind == kindNumber && (key == "contextTokens" || key == "maxTokens") {
			return false
		}
		if sensitiveKey.MatchString(key) || key == "headers" || key == "env" && i > 0 {
			return true
		}
	}
	return false
}

// masked returns a copy of n with the placeholder for every node in secrets.
func (n *node) masked(secrets map[*node]bool) *node {
	if secrets[n] {
		return &node{kind: kindString, text: Redacted}
	}
	c := *n
	c.members = slices.Clone(n.members)
	for i := range c.members {
		c.members[i].value = c.members[i].value.masked(secrets)
	}
	c.items = slices.Clone(n.items)
	for i := range c.items {
		c.items[i] = c.items[i].masked(secrets)
	}
	return &c
}

// maskRaw replaces the secrets of src where they stand, and what looks like one in a comment.
func maskRaw(src string, comments []span, secrets map[*node]bool) string {
	type edit struct {
		span
		text string
	}
	var edits []edit
	for n := range secrets {
		edits = append(edits, edit{span{n.start, n.end}, `"` + Redacted + `"`})
	}
	hide := hider(secrets)
	for _, c := range comments {
		edits = append(edits, edit{c, maskText(hide.Replace(src[c.start:c.end]), true)})
	}
	sort.Slice(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var b strings.Builder
	pos := 0
	for _, e := range edits {
		b.WriteString(src[pos:e.start])
		b.WriteString(e.text)
		pos = e.end
	}
	b.WriteString(src[pos:])
	return b.String()
}
