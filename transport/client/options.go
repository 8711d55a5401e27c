package client

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Options configures a Client. Callbacks run one at a time on the client's read goroutine and must not
// block, and must not make calls; OnRefresh alone has a goroutine of its own.
type Options struct {
	URL      string // "" is ws://127.0.0.1:18789
	Token    string
	Password string
	// TLSFingerprint is the SHA-256 of the gateway's certificate, in hexadecimal digits, with colons or without. With a wss URL
	// the gateway has to show this certificate and no other, and who has signed it, for which names and until when does not
	// matter. "" wants one that this machine's authorities vouch for.
	TLSFingerprint string
	// Client is what the gateway is told of this program; empty fields get defaults (name
	// "gateway-client", version "dev", mode "backend", the operating system).
	Client wire.ConnectClient
	Log    *slog.Logger // nil discards

	// OnHello is called after every connect, the first included.
	OnHello func(wire.HelloOK)
	// OnEvent is called for every event, in order.
	OnEvent func(Event)
	// OnGap is called when events are missing before the one with number got.
	OnGap func(expected, got int64)
	// OnRefresh is called with the state that was asked for after a gap or a reconnect. It may block and
	// make calls of its own; ctx ends with the client.
	OnRefresh func(ctx context.Context, r Refresh)
	// OnClose is called when a socket is lost, with the reason; a reconnect may follow.
	OnClose func(error)

	// Reconnect dials again when the socket is lost, until the credentials are refused.
	Reconnect bool
	// MinBackoff and MaxBackoff bound the wait before a reconnect, which doubles each time [1 s, 30 s].
	MinBackoff, MaxBackoff time.Duration
	// ReadLimit is the largest message that is taken, in bytes, if it is more than the usual [25 MiB].
	ReadLimit int64
	// ConnectTimeout bounds one attempt to connect, hello included [10 s].
	ConnectTimeout time.Duration
	// TickTimeout is how long the gateway may be silent [twice its tick interval].
	TickTimeout time.Duration
}

// Refresh is what a client asks for when it may have missed events.
type Refresh struct {
	Health   wire.Raw // a wire.HealthSummary
	Presence []wire.PresenceEntry
}

func (o Options) withDefaults() Options {
	def(&o.URL, "ws://127.0.0.1:18789")
	def(&o.Client.Name, "gateway-client")
	def(&o.Client.Version, "dev")
	def(&o.Client.Platform, runtime.GOOS)
	def(&o.Client.Mode, "backend")
	def(&o.MinBackoff, time.Second)
	def(&o.MaxBackoff, 30*time.Second)
	def(&o.ConnectTimeout, 10*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// String says where to, and nothing secret.
func (o Options) String() string { return "client of " + o.URL }

// LogValue keeps the secrets out of logs.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }
