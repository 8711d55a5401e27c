package discovery

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/pion/mdns/v2"
)

// Found is a gateway that answered.
type Found struct {
	Instance string
	Host     string // its name in the local network, "mac.local"
	Address  string // of the host; with a zone if it needs one
	Port     int    // of the bridge
	Text     map[string]string
}

// BrowseOptions say where to ask.
type BrowseOptions struct {
	Interfaces []string // those named; empty = all that carry multicast
	Log        *slog.Logger
}

// most is how many answers are kept: whoever answers can invent names.
const most = 256

// Browse asks the local network for bridges until ctx ends and returns those that answered, in the order of their
// answers. The error is a *NoInterface where there is no network to ask.
func Browse(ctx context.Context, o BrowseOptions) ([]Found, error) {
	all, err := interfaces()
	if err != nil {
		return nil, err
	}
	on, err := askable(all, o.Interfaces)
	if err != nil {
		return nil, err
	}
	s, err := open(on, "", o.Log)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var l list
	s.conn.OnServiceDiscovered(l.add)
	if err := s.conn.Browse(ctx, Type); err != nil {
		return nil, err
	}
	<-ctx.Done()
	return l.all(), nil
}

// list is what has answered; two gateways may have one name.
type list struct {
	mu    sync.Mutex // guards found
	found []Found
}

func (l *list) add(e mdns.ServiceEvent) {
	f := Found{
		Instance: e.Instance.Instance, Host: strings.TrimSuffix(e.Instance.Host, "."), Address: e.Addr.String(),
		Port: int(e.Instance.Port), Text: map[string]string{},
	}
	for _, t := range e.Instance.Text {
		f.Text[t.Key] = string(t.Value)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, old := range l.found {
		if old.Instance == f.Instance && old.Host == f.Host && old.Port == f.Port {
			l.found[i] = f
			return
		}
	}
	if len(l.found) < most {
		l.found = append(l.found, f)
	}
}

func (l *list) all() []Found {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}
