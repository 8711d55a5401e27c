package web_test

import (
	"testing"
	"time"
)

// TestOverview_well: the first figure says "well" only when nothing needs somebody; else it names the first thing that does: what is
// broken, then who waits for an answer, then the rest.
func TestOverview_well(t *testing.T) {
	t.Parallel()
	g := newFake(t)
	controls(g, same)
	account := func(state string) object {
		return object{"accounts": []object{{"account": "telegram", "provider": "telegram", "state": state, "reason": "the token was refused", "failures": 1, "inFlight": 0}}}
	}
	none := object{"pending": []object{}}
	calm := object{
		"status":           object{"sessions": object{"count": 0}, "outbox": object{}, "config": object{"valid": true}},
		"providers.status": account("up"), "actors.list": object{"actors": []object{}}, "pairing.list": none, "node.pair.list": none, "models.status": object{},
	}
	g.answer(calm)
	p := open(t, g)
	visit(p, "overview", ".figure", "well")
	set := func(answers object) {
		t.Helper()
		g.mu.Lock()
		g.answer(answers)
		g.mu.Unlock()
		g.emit("health", g.health)
	}
	says := func(words string) {
		t.Helper()
		p.WaitText("#view .figure:first-child", words)
	}
	set(object{"models.status": object{"chosen": []object{{"use": "agent", "model": "ollama/qwen3", "error": "connection refused"}}}})
	says("needs youollama/qwen3 does not answer")
	set(object{"pairing.list": object{"pending": []object{{"code": "ABCD2345", "account": "telegram", "surface": "telegram", "senderId": "7", "senderName": "Ada", "createdAt": time.Now().UnixMilli()}}}})
	says("needs youAda wants to write to the agent, and 1 more")
	set(object{"providers.status": account("terminal")})
	says("needs youTelegram, and 2 more")
	set(object{"providers.status": account("up"), "pairing.list": none, "models.status": object{}, "status": object{"sessions": object{"count": 0}, "tailscale": object{"mode": "serve", "problem": "not logged in"}}})
	says("needs youTailscale does not publish the gateway (serve)")
	set(calm)
	says("wellbox1")
	// WhatsApp waits for a phone from the first start on: that concerns those only who want it.
	phone := object{"accounts": []object{{"account": "whatsapp", "provider": "whatsapp", "state": "terminal", "reason": "not linked", "failures": 1, "inFlight": 0}}, "whatsapp": object{"linked": false, "lastConnectedAt": nil}}
	set(object{"providers.status": phone, "config.get": object{"valid": true, "parsed": object{}}})
	p.WaitText("#view .row", "waits for a phone, if you want one")
	says("wellbox1")
	set(object{"config.get": object{"valid": true, "parsed": object{"whatsapp": object{"allowFrom": []string{"+15550001"}}}}})
	says("needs youWhatsApp")
}
