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

// login is what a person's login at a provider is worth now: a token, or why there is none. A login that has run out is not
// renewed here: only the program that made it can do that.
func (r *Registry) login(provider string) (token, problem string) {
	if r.o.Logins == "" {
		return "", ""
	}
	f, err := os.Open(r.o.Logins)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ""
	}
	const unreadable = "oauth.json cannot be read: it should be JSON with a login for each provider"
	if err != nil {
		return "", unreadable
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxLogins))
	if err != nil {
		return "", unreadable
	}
	var all map[string]struct {
		Access  string `json:"access"`
		Expires int64  `json:"expires"` // ms
	}
	if wire.Unmarshal(b, &all) != nil { // the error could quote a token
		return "", unreadable
	}
	l, ok := all[provider]
	switch {
	case !ok || l.Access == "":
		return "", ""
	case l.Expires > 0 && time.Now().UnixMilli() >= l.Expires:
		return "", "the login in oauth.json ran out: log in to " + provider + " again, or set a key"
	}
	return l.Access, ""
}
