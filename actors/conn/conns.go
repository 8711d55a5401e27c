package conn

import (
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/eventstream"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/metrics"
	"github.com/clawdbot/gateway/actors/presence"
	"github.com/clawdbot/gateway/transport/wire"
)

// Options for the supervisor and its connections.
type Options struct {
	Stream   eventstream.Stream
	Presence actors.Ref[presence.Message]
	Health   actors.Ref[health.Message]
	// Methods is the merged method table.
	Methods wire.Table
	// Calls counts the calls; nil = nobody does.
	Calls *metrics.Calls
	// Hello fills in what is the same for every connection: server, features, policy and the paths in the snapshot.
	Hello func(p wire.Peer) wire.HelloOK
	// AnswerLimit is how long an owner may take to answer a call that it has not accepted; 0 = 30 s.
	AnswerLimit time.Duration
}

// Props describes the supervisor "conns".
func Props(o Options) actors.Props[ConnsMessage] {
	if o.AnswerLimit == 0 {
		o.AnswerLimit = 30 * time.Second
	}
	methods := make(map[string]row, len(o.Methods))
	for _, m := range o.Methods {
		methods[m.Name] = row{m, o.Calls.Of(m.Name)}
	}
	return actors.Props[ConnsMessage]{
		Kind:    "conns",
		New:     func() actors.Behavior[ConnsMessage] { return &conns{o: o, methods: methods} },
		Mailbox: actors.Mailbox{Count: 1 << 15, Bytes: 16 << 20},
		Restart: actors.Restart{Min: 5 * time.Millisecond, Max: time.Second, Window: time.Minute, Limit: 20},
	}
}

// row is a method, and who counts its calls.
type row struct {
	wire.Method
	count *metrics.Method
}

type conns struct {
	o       Options
	methods map[string]row
	open    int
}

func (s *conns) Receive(c *actors.Context[ConnsMessage], m ConnsMessage) error {
	switch m := m.(type) {
	case Open:
		s.onOpen(c, m)
	case Count:
		m.Send(s.open)
	case gone:
		s.open--
	}
	return nil
}

func (s *conns) onOpen(c *actors.Context[ConnsMessage], m Open) {
	ref, err := actors.Spawn(c, m.Peer.ConnID, s.connProps(m))
	if err != nil {
		m.Fail(err)
		return
	}
	s.open++
	actors.Watch(c, ref, func(error) ConnsMessage { return gone{} })
	m.Send(ref)
}

func (s *conns) connProps(m Open) actors.Props[Message] {
	return actors.Props[Message]{
		Kind: "conn",
		New: func() actors.Behavior[Message] {
			return &conn{o: s.o, methods: s.methods, socket: m.Socket, peer: m.Peer, connectID: m.ConnectID, canvasURL: m.CanvasURL}
		},
		Mailbox: actors.Mailbox{Count: 256, Bytes: 4 << 20, Overflow: actors.StopActor},
	}
}
