package account

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain looks for goroutines that stay. The library of WhatsApp waits up to 20 s for the answer to its first message, whatever
// its context says, and then ends by itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("go.mau.fi/whatsmeow.(*Client).doHandshake"))
}
