package ws

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
)

// Mode is what a client has to show (protocol 1.10).
type Mode string

// Modes. The empty Mode is ModePassword if a password is set, else ModeToken if a token is, else ModeNone.
const (
	ModeNone     Mode = "none"
	ModeToken    Mode = "token"
	ModePassword Mode = "password"
)

// Settings are the credentials of the gateway. They are kept as digests only.
type Settings struct {
	Mode     Mode
	Token    string // "" is no token
	Password string // "" is no password
	// AllowTailscale accepts requests that a local Tailscale serve proxy has authenticated.
	AllowTailscale bool
}

// LogValue keeps the secrets out of logs.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String names the mode and nothing secret.
func (s Settings) String() string { return fmt.Sprintf("auth mode %q", string(s.mode())) }

// GoString is String.
func (s Settings) GoString() string { return s.String() }

func (s Settings) mode() Mode {
	switch {
	case s.Mode != "":
		return s.Mode
	case s.Password != "":
		return ModePassword
	case s.Token != "":
		return ModeToken
	}
	return ModeNone
}

// Validate reports in one line why these settings cannot protect anything.
func (s Settings) Validate() error {
	_, err := s.digest()
	return err
}

// credentials are Settings in the form in which they are compared.
type credentials struct {
	mode      Mode
	secret    [sha256.Size]byte
	tailscale bool
}

func (c *credentials) equal(o *credentials) bool { return *c == *o }

func (s Settings) digest() (*credentials, error) {
	for name, secret := range map[string]string{"token": s.Token, "password": s.Password} {
		if secret != "" && isPlaceholder(secret) {
			return nil, fmt.Errorf("gateway auth %s is blank or a placeholder: set a real one or remove it", name)
		}
	}
	c := &credentials{mode: s.mode(), tailscale: s.AllowTailscale}
	var secret string
	switch c.mode {
	case ModeNone:
		return c, nil
	case ModeToken:
		secret = s.Token
	case ModePassword:
		secret = s.Password
	default:
		return nil, fmt.Errorf("gateway auth mode %q is not none, token or password", string(c.mode))
	}
	if secret == "" {
		return nil, fmt.Errorf("gateway auth mode is %s, but no %s is set", c.mode, c.mode)
	}
	c.secret = sha256.Sum256([]byte(secret))
	return c, nil
}

// isPlaceholder finds the values that stand for "nothing" when a script or template failed to fill in one.
func isPlaceholder(secret string) bool {
	switch strings.ToLower(strings.TrimSpace(secret)) {
	case "", "undefined", "null":
		return true
	}
	return false
}

// verdict of a credential check.
type verdict int

const (
	accepted verdict = iota
	missing          // nothing was shown that could be right or wrong
	wrong            // a secret was shown and is not ours: counts against the rate limit
)

// shown is what a client shows at connect.
type shown struct {
	token, password string
	from            origin
}

// check compares in constant time, over digests, so that neither content nor length of the secret shows.
func (c *credentials) check(s shown) verdict {
	switch c.mode {
	case ModeNone:
		// Without a credential only this host may come in, however the listener is bound.
		if s.from.direct || (c.tailscale && s.from.tailscale) {
			return accepted
		}
		return missing
	case ModeToken:
		if c.matches(s.token) || (c.tailscale && s.from.tailscale) {
			return accepted
		}
		return refusal(s.token)
	}
	if c.matches(s.password) {
		return accepted
	}
	return refusal(s.password)
}

func (c *credentials) matches(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], c.secret[:]) == 1 && secret != ""
}

func refusal(secret string) verdict {
	if secret == "" {
		return missing
	}
	return wrong
}

// tailscaleProxied recognises the exact form of a Tailscale serve proxy on this host (protocol 1.10).
func tailscaleProxied(h http.Header, local bool) bool {
	return local &&
		strings.TrimSpace(h.Get("Tailscale-User-Login")) != "" &&
		h.Get("X-Forwarded-For") != "" && h.Get("X-Forwarded-Proto") != "" && h.Get("X-Forwarded-Host") != ""
}
