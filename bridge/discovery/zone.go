package discovery

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Domain is the zone of gateways on a tailnet.
const Domain = "clawdbot.internal"

// Zone is what the zone file says of this gateway.
type Zone struct {
	Hostname   string // of the operating system
	Instance   string // as of Service
	BridgePort int
	V4         netip.Addr // of this machine in its tailnet
	V6         netip.Addr // not valid = it has none
	TailnetDNS string     // "" = not known
}

// ZonePath is where the zone file is, below a state directory.
func ZonePath(stateDir string) string { return filepath.Join(stateDir, "dns", Domain+".db") }

// body is the file without its first line (bridge-canvas 6.2).
func (z Zone) body(serial string) string {
	host := strings.ToLower(HostLabel(z.Hostname))
	instance := label(host+"-bridge", "clawdbot-bridge")
	service := instance + "." + Type
	lines := append(head(z.V4, serial), host+" IN A "+z.V4.String())
	if z.V6.IsValid() {
		lines = append(lines, host+" IN AAAA "+z.V6.String())
	}
	text := quoteText("displayName="+z.Instance) + " " + quoteText("transport=bridge") + " " + quoteText("bridgePort="+strconv.Itoa(z.BridgePort))
	if z.TailnetDNS != "" {
		text += " " + quoteText("tailnetDns="+strings.TrimSuffix(z.TailnetDNS, "."))
	}
	lines = append(lines,
		Type+" IN PTR "+service,
		fmt.Sprintf("%s IN SRV 0 0 %d %s", service, z.BridgePort, host),
		service+" IN TXT "+text,
	)
	return strings.Join(lines, "\n") + "\n"
}

// EmptyZone is a zone without a gateway, for a name server that is there before the gateway has written its own.
func EmptyZone(v4 netip.Addr, now time.Time) string {
	lines := append(head(v4, nextSerial(0, now)), "")
	return strings.Join(lines, "\n")
}

// head are the lines that every zone has.
func head(v4 netip.Addr, serial string) []string {
	return []string{
		"$ORIGIN " + Domain + ".",
		"$TTL 60",
		"@ IN SOA ns1 hostmaster " + serial + " 7200 3600 1209600 60",
		"@ IN NS ns1",
		"ns1 IN A " + v4.String(),
	}
}

// quoteText makes a string of a TXT record. A text that is too long for one is cut.
func quoteText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(cut(s, maxText)) + `"`
}

// Render is the whole file. before is the one that is there, "" = none. changed tells whether it says anything new; if
// it does not, the text is before.
func (z Zone) Render(before string, now time.Time) (text string, changed bool) {
	hash := contentHash(z.body("SERIAL"))
	line, _, _ := strings.Cut(before, "\n")
	if line == hashLine+hash {
		return before, false
	}
	return hashLine + hash + "\n" + z.body(nextSerial(serialOf(before), now)), true
}

const hashLine = "; clawdbot-content-hash: "

// contentHash is FNV-1a with 32 bits over UTF-16 units.
func contentHash(s string) string {
	h := uint32(2166136261)
	for _, u := range utf16.Encode([]rune(s)) {
		h ^= uint32(u)
		h *= 16777619
	}
	return fmt.Sprintf("%08x", h)
}

// serialOf finds the serial in a zone file; 0 = there is none.
func serialOf(text string) int64 {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) > 5 && f[2] == "SOA" {
			n, err := strconv.ParseInt(f[5], 10, 64)
			if err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

// nextSerial counts within a day, in UTC.
func nextSerial(before int64, now time.Time) string {
	day := now.UTC().Format("20060102")
	if strings.HasPrefix(strconv.FormatInt(before, 10), day) {
		return strconv.FormatInt(before+1, 10)
	}
	return day + "01"
}

// Write brings the zone file of a state directory up to date by replace, which makes the directory too. A file that says
// the same already stays as it is.
func (z Zone) Write(stateDir string, now time.Time, replace func(path string, content []byte) error) (changed bool, err error) {
	if !z.V4.Is4() {
		return false, errors.New("wide-area discovery needs an IPv4 address in a tailnet: is tailscale up?")
	}
	path := ZonePath(stateDir)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	text, changed := z.Render(string(before), now)
	if !changed {
		return false, nil
	}
	return true, replace(path, []byte(text))
}
