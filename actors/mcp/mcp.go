package mcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers/mcp"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the servers. Directory and Wanted are required.
type Options struct {
	Directory *Directory
	// Dial connects to a server; nil = this program was built without that.
	Dial mcp.Dial
	// Wanted are the servers that the configuration names. Any goroutine; must not block.
	Wanted func() map[string]Spec
	// Hide takes secrets out of a text that is shown or logged; nil = there are none.
	Hide  func(string) string
	Sweep time.Duration // how often it is looked whether everything is as it should be; 0 = 30 s
}

func (o *Options) hide(s string) string {
	if o.Hide == nil {
		return s
	}
	return o.Hide(s)
}

// Props describes the supervisor. Its name is "mcp".
func Props(o Options) actors.Props[Message] {
	if o.Sweep <= 0 {
		o.Sweep = 30 * time.Second
	}
	return actors.Props[Message]{
		Kind:    "mcp",
		New:     func() actors.Behavior[Message] { return &servers{o: &o, refs: map[string]actors.Ref[message]{}} },
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// servers supervises. What is known of a server is in its slot.
type servers struct {
	o    *Options
	refs map[string]actors.Ref[message]
}

// Start begins with what is wanted. What a predecessor had is stopped by then, or stopping.
func (s *servers) Start(c *actors.Context[Message]) error {
	s.reconcile(c)
	c.After(s.o.Sweep, sweep{})
	return nil
}

func (s *servers) Receive(c *actors.Context[Message], m Message) error {
	switch m := m.(type) {
	case Reload:
		s.reconcile(c)
	case Restart:
		s.onRestart(c, m)
	case gone:
		s.reconcile(c)
	case sweep:
		c.After(s.o.Sweep, sweep{})
		s.reconcile(c)
	}
	return nil
}

// reconcile makes what is there what is wanted.
func (s *servers) reconcile(c *actors.Context[Message]) {
	wanted := s.o.Wanted()
	for name, spec := range wanted {
		if spec.Disabled == "" && s.o.Dial == nil {
			spec.Disabled = "this program was built without servers of tools"
		}
		if s.o.Directory.want(name, spec) {
			s.again(c, name)
		} else {
			s.ensure(c, name)
		}
	}
	for _, name := range s.o.Directory.names() {
		if _, is := wanted[name]; !is {
			s.o.Directory.drop(name)
			s.refs[name].Stop()
			delete(s.refs, name)
		}
	}
}

// again makes a server start over.
func (s *servers) again(c *actors.Context[Message], name string) {
	if s.refs[name].Tell(begin{}) != nil {
		s.ensure(c, name)
	}
}

// ensure spawns the actor of a server if it is not there.
func (s *servers) ensure(c *actors.Context[Message], name string) {
	if ref := s.refs[name]; !ref.IsZero() && !actors.Closed(ref.Done()) {
		return
	}
	slot := s.o.Directory.slot(name)
	if slot == nil {
		return
	}
	ref, err := actors.Spawn(c, "server/"+name, actors.Props[message]{
		Kind:    "mcpserver",
		New:     func() actors.Behavior[message] { return &server{o: s.o, slot: slot} },
		Restart: actors.Restart{Min: 100 * time.Millisecond, Max: 30 * time.Second, Window: 10 * time.Minute, Limit: 60},
	})
	if err != nil { // its namesake is still stopping
		c.After(100*time.Millisecond, gone{name})
		return
	}
	s.refs[name] = ref
	actors.Watch(c, ref, func(error) Message { return gone{name} })
}

func (s *servers) onRestart(c *actors.Context[Message], m Restart) {
	slot := s.o.Directory.slot(m.Server)
	if slot == nil {
		m.Fail(wire.InvalidRequest("there is no server %.80q; see clawdbot mcp list", m.Server))
		return
	}
	if spec := slot.wanted(); spec.Disabled != "" {
		m.Fail(wire.InvalidRequest("server %q is not started: %s", m.Server, spec.Disabled))
		return
	}
	slot.order()
	s.again(c, m.Server)
	m.Send(struct{}{})
}

// errGone ends a connection that is not wanted any more.
var errGone = errors.New("not wanted any more")

// call calls a tool through the connection that is there.
func call(ctx context.Context, s *slot, tool string, args []byte, progress func(string)) (mcp.Result, error) {
	session, spec, done, err := s.enter()
	if err != nil {
		return mcp.Result{}, err
	}
	defer done()
	limit := spec.Call
	if limit <= 0 {
		limit = time.Minute
	}
	late := fmt.Errorf("server %q did not answer within %s", s.name, limit)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	r, err := session.Call(ctx, tool, args, progress)
	if err != nil && ctx.Err() == nil {
		return r, fmt.Errorf("server %q: %w", s.name, err)
	}
	return r, err
}
