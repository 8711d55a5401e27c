package ws

import (
	"strings"
	"testing"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// firstMessages is the table of protocol 1.5: what each first message is answered with.
var firstMessages = []struct {
	name  string
	frame string
	want  []string
}{
	{"connect", connectFrame(`{"token":"secret"}`), []string{string(helloFrame("c1"))}},
	{"connect with a range", strings.Replace(connectFrame(`{"token":"secret"}`), `"maxProtocol":2`, `"maxProtocol":99`, 1), []string{string(helloFrame("c1"))}},
	{"not JSON", "hello", []string{"close 1000"}},
	{"nothing", "", []string{"close 1000"}},
	{"byte order mark", "\ufeff" + connectFrame(`{"token":"secret"}`), []string{"close 1000"}},
	{"two documents", connectFrame("") + connectFrame(""), []string{"close 1000"}},
	{"deep", strings.Repeat("[", 65) + strings.Repeat("]", 65), []string{"close 1000"}},
	{"duplicate key", strings.Replace(connectFrame(""), `"id":"c1"`, `"id":"c1","id":"c2"`, 1), []string{"close 1000"}},
	{"invalid UTF-8", "{\"type\":\"\xff\"}", []string{"close 1007"}},
	{"array", "[]", []string{"close 1008 invalid handshake"}},
	{"null", "null", []string{"close 1008 invalid handshake"}},
	{"event", `{"type":"event","event":"tick"}`, []string{"close 1008 invalid handshake"}},
	{"no id", strings.Replace(connectFrame(""), `"id":"c1",`, "", 1), []string{"close 1008 invalid handshake"}},
	{"empty id", strings.Replace(connectFrame(""), `"c1"`, `""`, 1), []string{"close 1008 invalid handshake"}},
	{"numeric id", strings.Replace(connectFrame(""), `"c1"`, `1`, 1), []string{"close 1008 invalid handshake"}},
	{"extra key", strings.Replace(connectFrame(""), `"id"`, `"x":1,"id"`, 1), []string{"close 1008 invalid handshake"}},
	{"other method", `{"type":"req","id":"h","method":"health"}`, []string{
		`{"type":"res","id":"h","ok":false,"error":{"code":"INVALID_REQUEST","message":"invalid handshake: first request must be connect"}}`,
		"close 1008 invalid handshake",
	}},
	{"no params", `{"type":"req","id":"c1","method":"connect"}`, []string{
		`{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"invalid connect params: ` +
			`data must have required property 'minProtocol'; data must have required property 'maxProtocol'; data must have required property 'client'"}}`,
		"close 1008 invalid handshake",
	}},
	{"unknown param", strings.Replace(connectFrame(""), `"minProtocol"`, `"x":1,"minProtocol"`, 1), []string{
		`{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"invalid connect params: data must NOT have additional properties"}}`,
		"close 1008 invalid handshake",
	}},
	{"too new", strings.NewReplacer(`"minProtocol":2`, `"minProtocol":3`, `"maxProtocol":2`, `"maxProtocol":3`).Replace(connectFrame("")), []string{
		`{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"protocol mismatch","details":{"expectedProtocol":2}}}`,
		"close 1002 protocol mismatch",
	}},
	{"too old", strings.NewReplacer(`"minProtocol":2`, `"minProtocol":1`, `"maxProtocol":2`, `"maxProtocol":1`).Replace(connectFrame("")), []string{
		`{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"protocol mismatch","details":{"expectedProtocol":2}}}`,
		"close 1002 protocol mismatch",
	}},
	{"no auth", connectFrame(""), unauthorizedWant},
	{"wrong token", connectFrame(`{"token":"wrong"}`), unauthorizedWant},
	{"empty token", connectFrame(`{"token":""}`), unauthorizedWant},
	{"token as password", connectFrame(`{"password":"secret"}`), unauthorizedWant},
	{"over 64 KiB", `{"x":"` + strings.Repeat("a", 64<<10) + `"}`, []string{"close 1009"}},
	{"far over the limit", strings.Repeat("a", 4<<20), []string{"close 1009"}},
}

var unauthorizedWant = []string{
	`{"type":"res","id":"c1","ok":false,"error":{"code":"INVALID_REQUEST","message":"unauthorized"}}`,
	"close 1008 unauthorized",
}

func TestHandshake_firstMessage(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Auth.Token = "secret" })
	for _, tc := range firstMessages {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := h.upgrade(t, "")
			go func() { _, _ = c.Write(encodeFrame(fin|opText, tc.frame, true)) }() // a huge one is not read to its end
			c.expect(t, tc.want...)
		})
	}
}

func TestHandshake_binaryAndFragments(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	frame := connectFrame("")

	c := h.upgrade(t, "")
	c.frame(t, fin|opBinary, frame, true)
	c.expect(t, string(helloFrame("c1")))

	c = h.upgrade(t, "")
	c.frame(t, opText, frame[:20], true)
	c.frame(t, fin|opPing, "p", true)
	c.frame(t, fin, frame[20:], true)
	c.expect(t, "pong p", string(helloFrame("c1")))
}

// A client may send its first frames together with the upgrade request, and requests before the hello.
func TestHandshake_everythingAtOnce(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	c := h.tcp(t, h.request("")+
		string(encodeFrame(fin|opText, connectFrame(""), true))+
		string(encodeFrame(fin|opText, `{"type":"req","id":"h","method":"health"}`, true)))
	if c.status(t) != 101 {
		t.Fatal("no upgrade")
	}
	c.expect(t, string(helloFrame("c1")), `{"type":"res","id":"h","ok":true,"payload":{"method":"health"}}`)
}

func TestHandshake_timeout(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Limits.HandshakeTimeout = 50 * time.Millisecond })
	h.upgrade(t, "").expect(t, "close 1000", "eof")

	// Half a frame does not buy time, nor do pings.
	c := h.upgrade(t, "")
	_, _ = c.Write(encodeFrame(fin|opText, connectFrame(""), true)[:30])
	c.expect(t, "close 1000", "eof")
}

func TestHandshake_timeoutEndsWithHello(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Limits.HandshakeTimeout = 100 * time.Millisecond })
	c := h.connect(t)
	idle := time.NewTimer(300 * time.Millisecond) // the thing under test is that nothing happens meanwhile
	<-idle.C
	c.silent(t)
}

func TestHandshake_protocolViolations(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	for name, frame := range map[string][]byte{
		"unmasked":             encodeFrame(fin|opText, connectFrame(""), false),
		"reserved opcode":      encodeFrame(fin|3, "x", true),
		"reserved bit":         encodeFrame(fin|0x40|opText, "x", true),
		"lone continuation":    encodeFrame(fin, "x", true),
		"fragmented ping":      encodeFrame(opPing, "x", true),
		"oversized ping":       encodeFrame(fin|opPing, strings.Repeat("p", 126), true),
		"close with one byte":  encodeFrame(fin|opClose, "\x03", true),
		"close with code 1005": encodeFrame(fin|opClose, "\x03\xed", true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range []*raw{h.upgrade(t, ""), h.connect(t)} {
				_, _ = c.Write(frame)
				if got := c.next(t); !strings.HasPrefix(got, "close 1002") {
					t.Fatalf("got %s, want close 1002", got)
				}
			}
		})
	}
}

func TestHandshake_peerAndParams(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Auth.Token = "secret" })
	c := h.upgrade(t, "")
	c.text(t, `{"type":"req","id":"c1","method":"connect","params":{"minProtocol":1,"maxProtocol":2,"locale":"de",
		"client":{"name":"n","version":"v","platform":"p","deviceFamily":"d","modelIdentifier":"m","mode":"app","instanceId":"i"},
		"auth":{"token":"secret"}}}`)
	s := within(t, h.opened, "connection")
	p := s.Peer()
	if p.ConnID == "" {
		t.Error("no connection id")
	}
	p.ConnID = ""
	want := wire.Peer{Name: "n", Version: "v", Platform: "p", DeviceFamily: "d", ModelIdentifier: "m", Mode: "app", InstanceID: "i", RemoteIP: "127.0.0.1", Local: true}
	if p != want {
		t.Errorf("peer %+v", p)
	}
	if s.params.Locale != "de" || s.params.Auth != nil {
		t.Errorf("params %+v", s.params)
	}
	if via := s.Via(); via != (Via{Host: h.addr, Local: "127.0.0.1"}) {
		t.Errorf("via %+v", via)
	}
}

func TestHandshake_openRefuses(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) {
		o.Open = func(*Session, *wire.ConnectParams) Handler { return nil }
	})
	c := h.upgrade(t, "")
	c.text(t, connectFrame(""))
	c.expect(t, "close 1011", "eof")
}
