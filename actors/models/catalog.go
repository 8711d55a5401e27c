package models

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/clawdbot/gateway/transport/wire"
)

const maxFile = 4 << 20

// Configured is what the configuration says of models.
type Configured struct {
	Providers map[string]Provider
	Only      bool             // the file does not count
	Others    []wire.ModelInfo // what can be chosen and is of no provider: coding agents
}

// Catalog is the list of models. It is made once, by the root.
type Catalog struct {
	configured func() Configured
	path       string
	reported   func() []wire.ModelInfo    // what providers say they have; nil = nothing
	file       atomic.Pointer[modelsFile] // what the file had at the last look

	mu   sync.Mutex // one reader of the file at a time
	seen string     // guarded by mu: size and time of the file at the last look
}

// NewCatalog makes a catalog of what configured says and the file at path has. configured is asked often and must not
// block.
func NewCatalog(path string, configured func() Configured) *Catalog {
	c := &Catalog{configured: configured, path: path}
	c.file.Store(&modelsFile{})
	return c
}

// Models lists the models by provider and name. A model that is in several places is the configuration's before the
// file's, and the file's before what its provider reports.
func (c *Catalog) Models() []wire.ModelInfo {
	conf := c.configured()
	all := append(modelsOf(conf.Providers), conf.Others...)
	if !conf.Only {
		all = append(all, modelsOf(c.file.Load().Providers)...)
	}
	if c.reported != nil {
		all = append(all, c.reported()...)
	}
	type id struct{ provider, id string }
	seen := map[id]bool{}
	kept := []wire.ModelInfo{}
	for _, m := range all {
		if m, ok := tidy(m); ok && !seen[id{m.Provider, m.ID}] {
			seen[id{m.Provider, m.ID}] = true
			kept = append(kept, m)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool {
		a, b := kept[i], kept[j]
		return cmp.Or(compare(a.Provider, b.Provider), compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) < 0
	})
	return kept
}

// other tells whether a name is that of something else than a model.
func (c *Catalog) other(provider, id string) bool {
	return slices.ContainsFunc(c.configured().Others, func(m wire.ModelInfo) bool { return m.Provider == provider && m.ID == id })
}

func modelsOf(providers map[string]Provider) (all []wire.ModelInfo) {
	for provider, p := range providers {
		for _, m := range p.Models {
			all = append(all, infoOf(provider, m))
		}
	}
	return all
}

// compare sorts as people do: case matters only between words that are else the same.
func compare(a, b string) int {
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(b, a))
}

// tidy fills in the name and leaves out what says nothing; false for what is no model.
func tidy(m wire.ModelInfo) (wire.ModelInfo, bool) {
	m.ID, m.Provider = strings.TrimSpace(m.ID), strings.TrimSpace(m.Provider)
	m.Name = cmp.Or(strings.TrimSpace(m.Name), m.ID)
	if m.ContextWindow != nil && *m.ContextWindow <= 0 {
		m.ContextWindow = nil
	}
	return m, m.ID != "" && m.Provider != ""
}

// refresh reads the file if it has changed. A file that cannot be read counts as one without models. It blocks.
func (c *Catalog) refresh() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := look(c.path)
	if now == c.seen {
		return nil
	}
	have, err := readFile(c.path)
	c.seen = now
	c.file.Store(&have)
	return err
}

// look tells, without reading the file, whether it may have changed.
func look(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
}

// modelsFile is the file.
type modelsFile struct {
	Providers map[string]Provider `json:"providers"`
}

// readFile reads the file; nothing is in it when there is none.
func readFile(path string) (have modelsFile, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return have, nil
	}
	if err != nil {
		return have, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return have, errors.Join(err, errors.New("models.json is not a regular file"))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return have, err
	}
	if len(b) > maxFile {
		return have, errors.New("models.json is larger than 4 MiB")
	}
	if wire.Unmarshal(b, &have) != nil { // the error could quote a credential
		return modelsFile{}, errors.New("models.json is not what it should be: JSON with providers and their models")
	}
	return have, nil
}
