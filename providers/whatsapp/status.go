package whatsapp

import (
	"github.com/clawdbot/gateway/providers"
)

// Detail is what WhatsApp alone has in providers.status (providers 0.5). Times are ms since the epoch, 0 = never.
type Detail struct {
	Linked            bool        `json:"linked"`
	LinkedAt          int64       `json:"linkedAt,omitempty"`
	E164              string      `json:"e164,omitempty"`
	JID               string      `json:"jid,omitempty"`
	LastConnectedAt   int64       `json:"lastConnectedAt,omitempty"`
	LastDisconnect    *Disconnect `json:"lastDisconnect,omitempty"`
	ReconnectAttempts int         `json:"reconnectAttempts"`
}

// Disconnect is why a connection ended.
type Disconnect struct {
	At        int64  `json:"at"`
	Status    int    `json:"status,omitempty"`
	Error     string `json:"error,omitempty"`
	LoggedOut bool   `json:"loggedOut,omitempty"`
}

// tell changes the detail and reports it together with s.
func (p *Provider) tell(s providers.Status, change func(*Detail)) {
	p.mu.Lock()
	if change != nil {
		change(&p.detail)
	}
	d := p.detail
	p.mu.Unlock()
	s.Detail = &d
	p.env.State(s)
}
