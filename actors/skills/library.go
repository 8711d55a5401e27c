package skills

import (
	"slices"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/transport/wire"
)

// Ready is a skill that can be used: switched on, allowed, and nothing that it needs is missing.
type Ready struct {
	Name, Description string
	File              string   // its SKILL.md
	Env               []string // "NAME=value": what its setup gives to the programs of a turn; secrets are among it
}

// Library is what is on the shelves: it reads the skills. Any goroutine.
type Library struct {
	o       *Options
	scanner *scanner
}

// NewLibrary needs Document, Getenv, Home and Log of the options.
func NewLibrary(o Options) *Library { return &Library{&o, &scanner{log: o.Log}} }

// Ready lists the skills that can be used now, by name. It reads directories.
func (l *Library) Ready() (all []Ready) {
	doc := l.o.Document()
	h := newHost(l.o.Getenv, doc)
	found, _ := l.scanner.scan(l.o.places(doc))
	for _, sk := range found {
		if !h.status(sk).Eligible {
			continue
		}
		all = append(all, Ready{Name: sk.name, Description: sk.description, File: sk.file, Env: h.env(sk)})
	}
	return all
}

// env is what the setup of a skill adds to the environment. What the gateway was started with wins.
func (h *host) env(s skill) (all []string) {
	entry := h.skills.Entries[s.key()]
	add := func(name, value string) {
		if name = strings.TrimSpace(name); name == "" || value == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") || h.getenv(name) != "" {
			return
		}
		all = append(all, name+"="+value)
	}
	for name, value := range entry.Env {
		add(name, value.Reveal())
	}
	if entry.Env[s.meta.PrimaryEnv] == "" {
		add(s.meta.PrimaryEnv, entry.APIKey.Reveal())
	}
	slices.Sort(all)
	return all
}

// maxRemembered bounds how many sessions have a snapshot.
const maxRemembered = 256

// Snapshots keep, for each session, the skills that were ready at its first turn: a conversation goes on with what it began
// with. After a restart it begins with what is there then. The zero value is ready.
type Snapshots struct {
	mu    sync.Mutex
	known map[string][]Ready // guarded by mu; by session id
	order []string           // guarded by mu; the oldest first
}

// Of is the snapshot of a session. read is asked when there is none.
func (s *Snapshots) Of(sessionID string, read func() []Ready) []Ready {
	s.mu.Lock()
	have, ok := s.known[sessionID]
	s.mu.Unlock()
	if ok || sessionID == "" {
		if !ok {
			have = read()
		}
		return have
	}
	have = read() // not under the lock: it reads directories
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.known[sessionID]; ok {
		return first
	}
	if s.known == nil {
		s.known = map[string][]Ready{}
	}
	if len(s.order) >= maxRemembered {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
	s.known[sessionID], s.order = have, append(s.order, sessionID)
	return have
}

// problems are those of a scan, for skills.status.
func problems(found []problem) (all []wire.SkillProblem) {
	for _, p := range found {
		all = append(all, wire.SkillProblem{FilePath: p.file, Problem: p.text})
	}
	return all
}
