package node

import (
	"slices"
	"strings"
	"sync"

	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/transport/wire"
)

// Directory is who is connected, and who follows which session. Its functions may be called from any goroutine and do not
// block. One directory serves all incarnations of the actors.
type Directory struct {
	line func(event string, payload wire.Raw) []byte

	mu       sync.Mutex
	links    map[string]*link           // guarded by mu: by node id
	sessions map[string]map[string]bool // guarded by mu: ids of nodes by the session they follow
	set      wakeState                  // guarded by mu: the wake words that were set last in this process
}

// link is a node's connection, and the sessions that it follows.
type link struct {
	live   Live
	socket Socket
	keys   map[string]bool
}

// wakeState is the wake words; of two, that with the larger number is the newer.
type wakeState struct {
	n     int
	words []string
}

// NewDirectory makes an empty one. line encodes an event for nodes; its bytes are shared and not changed.
func NewDirectory(line func(event string, payload wire.Raw) []byte) *Directory {
	return &Directory{line: line, links: map[string]*link{}, sessions: map[string]map[string]bool{}}
}

// Connected lists the connected nodes, in no order.
func (d *Directory) Connected() []Live {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Live, 0, len(d.links))
	for _, l := range d.links {
		all = append(all, l.live)
	}
	return all
}

// IsConnected tells whether a node is connected.
func (d *Directory) IsConnected(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.links[id] != nil
}

// last is the number of the wake words that were set last: what is read after it is at least as new.
func (d *Directory) last() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.set.n
}

// put lists a node and welcomes it, so that nothing can be told to it before that. What it followed on another connection
// is forgotten.
func (d *Directory) put(l Live, s Socket, words wakeState) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.set.n > words.n {
		words = d.set
	}
	if !s.Welcome(wire.Voicewake{Triggers: words.words}) {
		return false
	}
	if old := d.links[l.NodeID]; old != nil && old.socket == s {
		old.live = l
		return true
	}
	d.drop(l.NodeID)
	d.links[l.NodeID] = &link{live: l, socket: s, keys: map[string]bool{}}
	return true
}

// remove forgets a node, unless it has another connection by now.
func (d *Directory) remove(id string, s Socket) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.links[id]; l != nil && l.socket == s {
		d.drop(id)
	}
}

// drop forgets a node. The caller holds d.mu.
func (d *Directory) drop(id string) {
	if l := d.links[id]; l != nil {
		for key := range l.keys {
			d.leave(key, id)
		}
		delete(d.links, id)
	}
}

// leave takes a node off a session. The caller holds d.mu.
func (d *Directory) leave(key, id string) {
	delete(d.sessions[key], id)
	if len(d.sessions[key]) == 0 {
		delete(d.sessions, key)
	}
}

// maxFollowed is how many sessions one node may follow.
const maxFollowed = 256

// follow has a node hear of a session. It is false when it follows too many.
func (d *Directory) follow(id string, s Socket, key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.links[id]
	if l == nil || l.socket != s || l.keys[key] {
		return true
	}
	if len(l.keys) >= maxFollowed {
		return false
	}
	l.keys[key] = true
	if d.sessions[key] == nil {
		d.sessions[key] = map[string]bool{}
	}
	d.sessions[key][id] = true
	return true
}

// unfollow ends that.
func (d *Directory) unfollow(id string, s Socket, key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.links[id]; l != nil && l.socket == s {
		delete(l.keys, key)
		d.leave(key, id)
	}
}

// tellWords tells every connected node of new wake words.
func (d *Directory) tellWords(words []string) {
	payload, err := wire.Marshal(wire.Voicewake{Triggers: words})
	if err != nil { // strings always encode
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.set = wakeState{d.set.n + 1, words}
	d.offer(wire.EventVoicewakeChanged, payload, false, func(*link) bool { return true })
}

// offer gives an event to the nodes that want it. The caller holds d.mu.
func (d *Directory) offer(event string, payload wire.Raw, droppable bool, wants func(*link) bool) {
	var line []byte
	for _, l := range d.links {
		if wants(l) {
			if line == nil {
				line = d.line(event, payload)
			}
			l.socket.Offer(line, droppable)
		}
	}
}

// Hear is the directory as a listener of the event stream: chat and agent events go to the nodes that follow their session,
// health and tick to those that follow any (bridge-canvas 1.12). Nodes hear of nothing else.
func (d *Directory) Hear(e eventstream.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e.Name {
	case wire.EventHealth, wire.EventTick:
		d.offer(e.Name, e.Payload, true, func(l *link) bool { return len(l.keys) > 0 })
	case wire.EventChat, wire.EventAgent:
		following := d.sessions[e.SessionKey]
		if len(following) == 0 {
			return
		}
		line := d.line(e.Name, e.Payload)
		for id := range following {
			d.links[id].socket.Offer(line, e.Droppable)
		}
	}
}

// talksHere says whether a phone or tablet is connected, which is where talk mode happens.
func (d *Directory) talksHere() bool {
	return slices.ContainsFunc(d.Connected(), func(l Live) bool {
		platform := strings.ToLower(strings.TrimSpace(l.Platform))
		return slices.ContainsFunc([]string{"ios", "ipados", "android"}, func(p string) bool { return strings.HasPrefix(platform, p) })
	})
}
