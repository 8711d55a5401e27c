package doctor

// service looks at what has the gateway run while nobody is there.
func (p *patient) service() {
	s := p.Service
	switch {
	case s == nil:
		return
	case !s.Installed:
		if !p.fresh {
			p.add("service.missing", Info, "clawdbot service install", "the gateway is no service: it ends with the terminal that it was started in")
		}
		return
	case s.Failed:
		p.add("service.failed", Error, "clawdbot service logs says why; then clawdbot service restart", "the service manager has given the gateway up: %s", s.Detail)
	}
	if s.Outdated {
		p.add("service.outdated", Warning, "clawdbot service install", "%s is not what this program would install: it was moved or updated, changed by hand, or installed from another shell", s.Path)
	}
	if s.Linger != nil && !*s.Linger {
		p.add("service.linger", Warning, "loginctl enable-linger", "the service ends when you log out")
	}
}
