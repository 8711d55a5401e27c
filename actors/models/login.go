package models

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// maxLogins bounds oauth.json.
const maxLogins = 1 << 20

// login is what a person's login at a provider is worth.
type login struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
	Expires int64  `json:"expires"` // ms; 0 = it does not say

	tokens tokenServer // where it is renewed
}

// over tells whether it runs out within so long.
func (l *login) over(now time.Time, within time.Duration) bool {
	return l.Expires > 0 && now.Add(within).UnixMilli() >= l.Expires
}

// renewable: the provider says where, and the login has what it takes.
func (l *login) renewable() bool { return l.Refresh != "" && l.tokens.url != "" }

const unreadable = "oauth.json cannot be read: it should be JSON with a login for each provider"

// login finds a provider's login; nil = there is none. problem says why one that may be there cannot be used.
func (r *Registry) login(provider string) (l *login, problem string) {
	if r.o.Logins == "" {
		return nil, ""
	}
	all, err := readLogins(r.o.Logins)
	if err != nil {
		return nil, unreadable
	}
	raw, ok := all[provider]
	if !ok {
		return nil, ""
	}
	l = &login{}
	if wire.Unmarshal(raw, l) != nil { // the error could quote a token
		return nil, unreadable
	}
	if l.Access == "" {
		return nil, ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept, ok := r.renewed[provider]; ok && kept.Expires > l.Expires {
		*l = kept
	}
	l.tokens = tokenServers[provider]
	return l, ""
}

// readLogins reads the file; nothing is in it when there is none. Its errors quote nothing of it.
func readLogins(path string) (all map[string]wire.Raw, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]wire.Raw{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxLogins))
	if err != nil {
		return nil, err
	}
	if wire.Unmarshal(b, &all) != nil {
		return nil, errors.New(unreadable)
	}
	return all, nil
}
