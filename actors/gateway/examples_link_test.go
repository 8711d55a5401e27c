package gateway_test

import (
	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// linkScene has a WhatsApp that can be linked.
func linkScene(w *walk) {
	scanned := make(chan struct{})
	c := dial(w, setup{options: func(o *gateway.Options) {
		o.Providers = []providers.Factory{{Surface: "whatsapp", New: func(env providers.Env) (providers.Provider, error) {
			return &linked{&account{newSurface("whatsapp"), env}, scanned}, nil
		}}}
	}}.start(w).URL())
	for st := (wire.ProvidersStatusResult{}); !st.WhatsApp.Connected; {
		c.ok("providers.status", nil, &st)
	}
	w.call(c, "web.login.start.qr")
	w.answer(c, w.send(c, "web.login.wait", edit{"timeoutMs": 1}), "web.login.wait.pending")
	close(scanned)
	w.call(c, "web.login.wait.connected")
}
