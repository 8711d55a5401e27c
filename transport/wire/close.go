package wire

// CloseCode is a WebSocket close code that the gateway or its clients send.
type CloseCode int

// Close codes (protocol 1.5, 1.12, 1.14, 6.4).
const (
	CloseNormal      CloseCode = 1000 // no connect within the handshake timeout, or the first frame is not JSON
	CloseProtocol    CloseCode = 1002 // no common protocol version
	CloseInvalidUTF8 CloseCode = 1007 // a message is not UTF-8
	ClosePolicy      CloseCode = 1008 // handshake refused, credential changed, or consumer too slow
	CloseTooBig      CloseCode = 1009 // message over the limit
	CloseInternal    CloseCode = 1011 // the connection's actor failed
	CloseRestart     CloseCode = 1012 // the gateway stops or restarts
	CloseTickTimeout CloseCode = 4000 // sent by clients: no tick for two intervals
)

// Reasons that go with close codes; the other codes have none.
const (
	ReasonMismatch    = "protocol mismatch"
	ReasonHandshake   = "invalid handshake"
	ReasonAuth        = "unauthorized"
	ReasonSlow        = "slow consumer"
	ReasonRestart     = "service restart"
	ReasonTickTimeout = "tick timeout"
)
