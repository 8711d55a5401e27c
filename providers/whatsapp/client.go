package whatsapp

import (
	"context"
	"crypto/md5"
	"net/http"
	"sync"
	"time"

	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// waClient is what this package needs of a connection to WhatsApp: the seam at which message logic is tested with events
// of the test's own. The real one is conn.
type waClient interface {
	Open(ctx context.Context) error
	// Close returns when the socket is closed, within moments.
	Close()
	// Ping asks the server for a sign of life.
	Ping(ctx context.Context) bool
	// LastRead is when bytes last came.
	LastRead() time.Time

	SendMessage(ctx context.Context, to types.JID, m *waE2E.Message, extra ...whatsmeow.SendRequestExtra) (whatsmeow.SendResponse, error)
	MarkRead(ctx context.Context, ids []types.MessageID, at time.Time, chat, sender types.JID, kind ...types.ReceiptType) error
	// Announce tells the server that we are there, and the name that people are shown. Without a name it cannot.
	Announce(ctx context.Context, name string) error
	SendChatPresence(ctx context.Context, chat types.JID, p types.ChatPresence, media types.ChatPresenceMedia) error
	Upload(ctx context.Context, data []byte, kind whatsmeow.MediaType) (whatsmeow.UploadResponse, error)
	Download(ctx context.Context, m whatsmeow.DownloadableMessage) ([]byte, error)
	GetGroupInfo(ctx context.Context, group types.JID) (*types.GroupInfo, error)
	BuildReaction(chat, sender types.JID, id types.MessageID, reaction string) *waE2E.Message
	// Phone is the phone number of a hidden id, or the id itself when nobody knows it.
	Phone(ctx context.Context, id types.JID) types.JID
	// Logout tells the server that this device is to be forgotten.
	Logout(ctx context.Context) error
}

// conn is whatsmeow's client for one connection, and the network below it.
type conn struct {
	*whatsmeow.Client
	line  *line
	grace time.Duration // how long the library has to notice a close
	media *http.Transport
	close sync.Once
}

var _ waClient = (*conn)(nil)

// newConn makes a client for one connection of device. handler sees its events; it is false for what must come again.
func (p *Provider) newConn(device *store.Device, version store.WAVersionContainer, handler func(evt any) bool) *conn {
	cli := whatsmeow.NewClient(device, quiet{p.env.Log})
	cli.EnableAutoReconnect = false // the policy is ours
	cli.DisableLoginAutoReconnect = true
	cli.SynchronousAck = true             // a message is acknowledged when its handler has returned
	cli.EnableDecryptedEventBuffer = true // what was decrypted and not taken can be had again
	cli.ManualHistorySyncDownload = true  // no history, and no goroutine that waits for it
	cli.GetMessageForRetry = p.sent.forRetry
	cli.GetClientPayload = func() *waWa6.ClientPayload { return payload(device, version) }
	c := &conn{Client: cli, line: newLine(p.opt.dial), grace: p.opt.grace, media: p.mediaTransport()}
	socket := &http.Client{Transport: redirect{p.hosts, c.line.transport}}
	cli.SetWebsocketHTTPClient(socket)
	cli.SetPreLoginHTTPClient(socket)
	cli.SetMediaHTTPClient(&http.Client{Transport: redirect{p.hosts, capped{mediaCap + 1024, c.media}}})
	cli.AddEventHandlerWithSuccessStatus(handler)
	return c
}

// payload is what the client says of itself. The library's own way to set the version does not reach it.
func payload(device *store.Device, version store.WAVersionContainer) *waWa6.ClientPayload {
	p := device.GetClientPayload()
	p.UserAgent.AppVersion = version.ProtoAppVersion()
	if reg := p.DevicePairingData; reg != nil {
		hash := md5.Sum([]byte(version.String()))
		reg.BuildHash = hash[:]
		props := proto.Clone(store.DeviceProps).(*waCompanionReg.DeviceProps)
		props.Os = proto.String("clawdbot")
		props.PlatformType = waCompanionReg.DeviceProps_DESKTOP.Enum()
		if b, err := proto.Marshal(props); err == nil { // it was marshalled like that a moment ago
			reg.DeviceProps = b
		}
	}
	return p
}

func (c *conn) Open(ctx context.Context) error {
	c.BackgroundEventCtx = ctx
	return c.ConnectContext(ctx)
}

// Close cuts the socket and waits until the library has noticed: it gives up then whatever waits for an answer. An attempt
// to connect that waits for a server's greeting may linger for some seconds, without a socket.
func (c *conn) Close() {
	c.close.Do(func() {
		//lint:ignore SA1019 the library's own Disconnect closes a socket under those who use it
		c.DangerousInternals().ExpectDisconnect() // nobody waits for this client to come back
		c.line.sever()
		t := time.NewTimer(c.grace)
		defer t.Stop()
		select {
		case <-c.line.closed():
		case <-t.C:
		}
		c.media.CloseIdleConnections()
	})
}

func (c *conn) Ping(ctx context.Context) bool {
	//lint:ignore SA1019 the library asks at its own pace only
	ok, _ := c.DangerousInternals().SendKeepAlive(ctx)
	return ok
}

// Announce is the library's SendPresence with a name of the caller's: that one reads it from the device, where a sync may be
// writing it.
func (c *conn) Announce(ctx context.Context, name string) error {
	if name == "" {
		return whatsmeow.ErrNoPushName
	}
	c.SetForceActiveDeliveryReceipts(true)
	//lint:ignore SA1019 see above
	return c.DangerousInternals().SendNode(ctx, waBinary.Node{
		Tag: "presence", Attrs: waBinary.Attrs{"type": string(types.PresenceAvailable), "name": name},
	})
}

func (c *conn) LastRead() time.Time {
	n := c.line.read.Load()
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func (c *conn) Phone(ctx context.Context, id types.JID) types.JID {
	pn, err := c.Store.LIDs.GetPNForLID(ctx, id.ToNonAD())
	if err != nil || pn.User == "" {
		return id
	}
	return pn
}
