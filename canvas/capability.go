package canvas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// LongestCapability is how long a capability may be good for.
const LongestCapability = 7 * 24 * time.Hour

// Mint makes a capability that is good for d, at most LongestCapability, or until the Host is closed, and says until when.
// Whoever has it can read all files of the canvas and the A2UI page.
func (h *Host) Mint(d time.Duration) (capability string, until time.Time) {
	until = h.o.Now().Add(min(d, LongestCapability)).Truncate(time.Second)
	stamp := strconv.FormatInt(until.Unix(), 36)
	return stamp + "." + h.sign(stamp), until
}

// valid says whether a capability is one of ours and still good.
func (h *Host) valid(capability string) bool {
	stamp, mac, ok := strings.Cut(capability, ".")
	if !ok || len(stamp) > 13 || !hmac.Equal([]byte(mac), []byte(h.sign(stamp))) {
		return false
	}
	at, err := strconv.ParseInt(stamp, 36, 64)
	return err == nil && h.o.Now().Unix() < at
}

func (h *Host) sign(stamp string) string {
	m := hmac.New(sha256.New, h.key[:])
	m.Write([]byte("canvas\x00" + stamp))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:24])
}
