package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Document is a config file as it was read once. It is never changed.
type Document struct {
	Path   string
	Exists bool
	Valid  bool
	// Config is the configuration in effect. It is nil when the document is not valid: nothing may run on the
	// defaults of a file that says something else.
	Config       *Config
	Issues       []Issue // empty when Valid
	LegacyIssues []Issue // the part of Issues that old keys caused

	hasRaw   bool // the file was read
	raw      string
	root     *node // nil when the text does not parse
	comments []span
}

// InvalidError says everything that is wrong with a file, one problem per line.
type InvalidError struct {
	Path   string
	Issues []Issue
}

func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		lines[i] = issue.String()
	}
	return strings.Join(lines, "\n")
}

// Load reads the config file. A missing file is a valid, empty one. The error is nil or an *InvalidError; the
// document is there in both cases.
func Load(path string, getenv func(string) string) (*Document, error) {
	d := Read(path, getenv)
	if !d.Valid {
		return d, &InvalidError{Path: path, Issues: d.Issues}
	}
	return d, nil
}

// Read is Load for callers that show the problems of a file.
func Read(path string, getenv func(string) string) *Document {
	d := &Document{Path: path}
	raw, err := readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return empty(path, getenv)
	case err != nil:
		d.Exists = true
		d.Issues = []Issue{{Message: "read failed: " + err.Error()}}
	default:
		d.Exists = true
		d.parse(raw, getenv)
	}
	return d
}

func readFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes+1)) // one more: the parser says that it is too large
	return string(b), err
}

// Parse is Read for a text that is not in a file yet; path says where it belongs.
func Parse(path, raw string, getenv func(string) string) *Document {
	d := &Document{Path: path, Exists: true}
	d.parse(raw, getenv)
	return d
}

func (d *Document) parse(raw string, getenv func(string) string) {
	if len(raw) <= MaxBytes {
		d.raw, d.hasRaw = strings.ToValidUTF8(raw, "\ufffd"), true
	}
	root, comments, err := parseJSON5(raw)
	if err != nil {
		d.Issues = []Issue{{Message: "JSON5 parse failed: " + err.Error()}}
		return
	}
	d.root, d.comments = root, comments
	d.LegacyIssues = legacyIssues(root)
	c, issues := validate(root)
	d.Issues = append(append([]Issue(nil), d.LegacyIssues...), issues...)
	if len(d.Issues) == 0 {
		d.accept(&c, getenv)
	}
}

// Under is the document as it reads in another environment.
func (d *Document) Under(getenv func(string) string) *Document {
	switch {
	case d.hasRaw:
		return Parse(d.Path, d.raw, getenv)
	case !d.Exists:
		return empty(d.Path, getenv)
	}
	return d
}

// empty is the document of a file that is not there.
func empty(path string, getenv func(string) string) *Document {
	d := &Document{Path: path, root: &node{kind: kindObject}}
	c, _ := validate(d.root)
	d.accept(&c, getenv)
	return d
}

// accept derives what the file leaves to other settings and makes the document valid.
func (d *Document) accept(c *Config, getenv func(string) string) {
	env := ParseEnv(Lookup(getenv))
	if profile := strings.TrimSpace(getenv("CLAWDBOT_PROFILE")); profile != "" && profile != "default" && !d.says("agent", "workspace") {
		c.Agent.Workspace += "-" + profile
	}
	for _, p := range []*string{&c.Agent.Workspace, &c.CanvasHost.Root, &c.Session.Store, &c.Cron.Store, &c.Logging.File} {
		*p = env.ExpandHome(*p)
	}
	for _, p := range []*string{&c.Gateway.TLS.CertPath, &c.Gateway.TLS.KeyPath} {
		if *p = env.ExpandHome(*p); *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(filepath.Dir(d.Path), *p)
		}
	}
	if t := env.ExpandHome(c.Hooks.TransformsDir); !filepath.IsAbs(t) {
		c.Hooks.TransformsDir = filepath.Join(filepath.Dir(d.Path), t)
	}
	if len(c.Routing.GroupChat.MentionPatterns) == 0 {
		c.Routing.GroupChat.MentionPatterns = namePatterns(c.Identity.Name)
	}
	if c.Talk.APIKey == "" {
		c.Talk.APIKey = Secret(strings.TrimSpace(getenv("ELEVENLABS_API_KEY")))
	}
	d.Config, d.Valid = c, true
}

// says tells whether the file has something at a path.
func (d *Document) says(path ...string) bool {
	at := d.root
	for _, key := range path {
		if at == nil || at.kind != kindObject {
			return false
		}
		at = at.byKey()[key]
	}
	return at != nil
}

// namePatterns matches the assistant's name as a word, with or without @.
func namePatterns(name string) []string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return nil
	}
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return []string{`\b@?` + strings.Join(words, `\s+`) + `\b`}
}

// Has says whether a valid document has a top-level section, be it empty.
func (d *Document) Has(name string) bool { return d.Valid && d.root.get(name) != nil }

// Section returns a top-level section of a valid document as strict JSON, "{}" when the file has none.
// It holds the section's secrets: it is for the provider that the section configures.
func (d *Document) Section(name string) json.RawMessage {
	if n := d.root.get(name); d.Valid && n != nil {
		return n.JSON()
	}
	return json.RawMessage("{}")
}
