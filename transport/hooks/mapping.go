package hooks

import (
	"context"
	"strings"
)

var (
	errMapText    = badCall("hook mapping requires text")
	errMapMessage = badCall("hook mapping requires message")
)

// result is what a mapping makes of a call: one of them, or nothing.
type result struct {
	wake  *Wake
	agent *Agent
}

// apply turns a call into what its mapping says.
func (s *Server) apply(ctx context.Context, cfg *Config, m *Mapping, c *call) (r result, err error) {
	d, err := m.draft(c)
	if err != nil {
		return r, err
	}
	if m.Module != "" {
		over, err := s.transforms.run(ctx, cfg.Transforms, m.Module, m.Export, c)
		if err != nil || over.isNull() {
			return r, err
		}
		d.override(over)
	}
	return d.finish()
}

// draft is an action on its way: what templates made of it, and what a transform makes of that.
type draft struct {
	wake    bool
	text    string
	now     bool
	agent   Agent
	channel string
}

func (m *Mapping) draft(c *call) (d draft, err error) {
	d = draft{wake: m.Wake, now: !m.Next, channel: m.Channel, agent: Agent{Deliver: m.Deliver, TimeoutSeconds: m.TimeoutSeconds}}
	for _, f := range []struct {
		template string
		to       *string
	}{
		{m.Message, &d.agent.Message}, {m.Text, &d.text}, {m.Name, &d.agent.Name}, {m.SessionKey, &d.agent.SessionKey},
		{m.To, &d.agent.To}, {m.Thinking, &d.agent.Thinking},
	} {
		if *f.to, err = c.expand(f.template); err != nil {
			return d, err
		}
	}
	return d, nil
}

// override puts what a transform has returned over what the templates made.
func (d *draft) override(v value) {
	switch v.text("kind") {
	case "wake":
		d.wake = true
	case "agent":
		d.wake = false
	}
	for _, key := range []string{"mode", "wakeMode"} {
		if mode := v.text(key); mode != "" {
			d.now = mode != next
		}
	}
	for key, to := range map[string]*string{
		"text": &d.text, "message": &d.agent.Message, "name": &d.agent.Name, "sessionKey": &d.agent.SessionKey,
		"to": &d.agent.To, "thinking": &d.agent.Thinking, "channel": &d.channel,
	} {
		if f := v.get(key); f.kind() == '"' {
			*to = f.str()
		}
	}
	if f := v.get("deliver"); f.kind() == 't' || f.kind() == 'f' {
		d.agent.Deliver = f.isTrue()
	}
	if n := v.get("timeoutSeconds").seconds(); n > 0 {
		d.agent.TimeoutSeconds = n
	}
}

func (d *draft) finish() (result, error) {
	a := d.agent
	a.Now = d.now
	for _, f := range []*string{&d.text, &d.channel, &a.Message, &a.Name, &a.SessionKey, &a.To, &a.Thinking} {
		*f = strings.TrimSpace(*f)
	}
	switch {
	case d.wake && d.text == "":
		return result{}, errMapText
	case d.wake:
		return result{wake: &Wake{Text: d.text, Now: d.now}}, nil
	case a.Message == "":
		return result{}, errMapMessage
	}
	if d.channel == "" {
		d.channel = last
	}
	return result{agent: &a}, a.settle(d.channel)
}
