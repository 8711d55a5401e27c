package session

import (
	"strings"
	"sync"
)

// Notes are the system events that wait for a session's next turn (protocol 3.2): memory, at most 20 per session.
type Notes struct {
	mu    sync.Mutex
	byKey map[string][]note // guarded by mu
}

type note struct{ text, context string }

const (
	maxNotes        = 20
	maxNoteSessions = 1000
)

// NewNotes returns an empty queue.
func NewNotes() *Notes { return &Notes{byKey: map[string][]note{}} }

// Add queues a text for a session. Blank texts and repeats of the last one are skipped.
func (n *Notes) Add(key, text, context string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	q := n.byKey[key]
	if len(q) == 0 && len(n.byKey) >= maxNoteSessions {
		return
	}
	if len(q) > 0 && q[len(q)-1].text == text {
		return
	}
	q = append(q, note{text, context})
	if len(q) > maxNotes {
		q = q[len(q)-maxNotes:]
	}
	n.byKey[key] = q
}

// LastContext is the context key of the last text queued for a session, "" for none.
func (n *Notes) LastContext(key string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := n.byKey[key]
	if len(q) == 0 {
		return ""
	}
	return q[len(q)-1].context
}

// List returns what waits for a session.
func (n *Notes) List(key string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return texts(n.byKey[key])
}

// Take removes and returns what waits for a session.
func (n *Notes) Take(key string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := n.byKey[key]
	delete(n.byKey, key)
	return texts(q)
}

func texts(q []note) []string {
	l := make([]string, len(q))
	for i, e := range q {
		l[i] = e.text
	}
	return l
}
