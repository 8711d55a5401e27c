package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/clawdbot/gateway/actors/store"
)

const skew = 2 * time.Minute // between our clock and a platform's

// ports: while no gateway answers, its ports must be free for the next one.
func (p *patient) ports() {
	if p.Call != nil {
		return
	}
	if p.Refused {
		p.add("gateway.refused", Error, "Give the right credential: CLAWDBOT_GATEWAY_TOKEN, or gateway.auth in the config file that the gateway has.",
			"the gateway answers and refuses this program: %v", p.Down)
		return
	}
	c := p.cfg
	ports := p.Env.Ports(c, 0)
	if holder := store.Holder(p.Env.StateDir); holder != "" {
		p.add("gateway.elsewhere", Error, "Use its address (gateway.port, CLAWDBOT_GATEWAY_PORT), or end that process.",
			"a gateway has this state directory, but does not answer on port %d: %s", ports.Gateway, holder)
		return
	}
	free := true
	for _, l := range []struct {
		id, key string
		port    int
		off     bool
	}{
		{"port.gateway", "gateway.port", ports.Gateway, false},
		{"port.bridge", "bridge.port", ports.Bridge, !p.doc.Valid || !p.doc.BridgeEnabled(p.Env)},
		{"port.canvas", "canvasHost.port", ports.Canvas, !c.CanvasHost.Enabled || p.Env.SkipCanvasHost},
	} {
		if l.off {
			continue
		}
		err := p.Host.Listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port)))
		if err == nil {
			continue
		}
		if l.id == "port.gateway" {
			free = false
		}
		p.add(l.id, Error, fmt.Sprintf("End the program that has it (lsof -i :%d), or set %s.", l.port, l.key), "%s", taken(l.port, err))
	}
	if free {
		p.add("gateway.down", Warning, "clawdbot gateway", "no gateway runs: %v", cmp.Or(p.Down, errors.New("nobody was asked")))
	}
}

func taken(port int, err error) string {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Sprintf("another program has port %d", port)
	}
	return err.Error()
}

// hosts are the platforms' addresses.
var hosts = map[string]string{"telegram": "api.telegram.org", "discord": "discord.com", "slack": "slack.com", "whatsapp": "web.whatsapp.com"}

// platforms: their names are known, their certificates good, and their clocks say the same as ours.
func (p *patient) platforms() {
	c := p.cfg
	clock := false
	for _, s := range []struct {
		name string
		on   bool
	}{
		{"telegram", c.Telegram != nil && c.Telegram.Enabled && c.Dev.Endpoints.Telegram == ""},
		{"discord", c.Discord != nil && c.Discord.Enabled && c.Dev.Endpoints.Discord == ""},
		{"slack", c.Slack != nil && c.Slack.Enabled && c.Dev.Endpoints.Slack == ""},
		{"whatsapp", c.WhatsApp != nil && c.Dev.Endpoints.WhatsApp.URL == ""},
	} {
		if !s.on {
			continue
		}
		host := hosts[s.name]
		told, err := p.Host.Visit(p.ctx, host)
		if err != nil {
			p.unreached(s.name, host, err)
			continue
		}
		if off := p.Host.Now().Sub(told).Abs(); !told.IsZero() && off > skew && !clock {
			clock = true
			p.add("clock.wrong", Error, "Set the clock, and let something keep it (timedatectl set-ntp true).", "the clock is %s off by the time of %s", off.Round(time.Second), host)
		}
	}
}

// unreached sorts out why a platform was not reached.
func (p *patient) unreached(name, host string, err error) {
	var dns *net.DNSError
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch {
	case errors.As(err, &dns):
		p.add("network.name", Error, "Is there a network? Which name server is asked (/etc/resolv.conf)?", "%s: the name %s is not known: %s", name, host, dns.Err)
	case isCertificate(err):
		p.add("network.certificate", Error, "Is the clock right? Does a proxy or a guest network answer instead?", "%s: %s shows a certificate that cannot be trusted: %v", name, host, err)
	default:
		p.add("network.unreachable", Error, "Is there a network, a proxy (HTTPS_PROXY), a firewall?", "%s: %s was not reached: %v", name, host, err)
	}
}
