package discovery

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Type is the DNS-SD type of the bridge.
	Type = "_clawdbot-bridge._tcp"

	suffix   = " (Clawdbot)"
	maxLabel = 63  // bytes of a DNS label
	maxText  = 255 // bytes of one string of a TXT record
)

// Text is one key of the TXT record.
type Text struct{ Key, Value string }

// Facts are what a gateway says of itself.
type Facts struct {
	Hostname    string // of the operating system
	DisplayName string // the machine's name for people; "" = made of Hostname
	GatewayPort int
	BridgePort  int
	CanvasPort  int    // 0 = no canvas host
	SSHPort     int    // 0 = 22
	TailnetDNS  string // name of this machine in its tailnet; "" = not known
	CLIPath     string // of this program; "" = not known
}

// Service is what is announced.
type Service struct {
	Instance string // unique on the network, and the same after a restart: apps remember it
	Host     string // DNS label of this machine
	Port     int
	Text     []Text
}

// NewService makes the announcement of a gateway (bridge-canvas 6.1).
func NewService(f Facts) Service {
	s := Service{Instance: InstanceName(f.DisplayName, f.Hostname), Host: HostLabel(f.Hostname), Port: f.BridgePort}
	ssh := f.SSHPort
	if ssh == 0 {
		ssh = 22
	}
	canvas := ""
	if f.CanvasPort != 0 {
		canvas = strconv.Itoa(f.CanvasPort)
	}
	for _, t := range []Text{
		{"role", "gateway"},
		{"gatewayPort", strconv.Itoa(f.GatewayPort)},
		{"lanHost", s.Host + ".local"},
		{"displayName", strings.TrimSuffix(s.Instance, suffix)},
		{"bridgePort", strconv.Itoa(f.BridgePort)},
		{"canvasPort", canvas},
		{"sshPort", strconv.Itoa(ssh)},
		{"transport", "bridge"},
		{"tailnetDns", strings.TrimSuffix(f.TailnetDNS, ".")},
		{"cliPath", f.CLIPath},
	} {
		if t.Value != "" && len(t.Key)+1+len(t.Value) <= maxText {
			s.Text = append(s.Text, t)
		}
	}
	return s
}

// Value is what a key of the TXT record says; "" = it is not there.
func (s Service) Value(key string) string {
	for _, t := range s.Text {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// InstanceName is the name that people see in the list of gateways. The messages of the library have no way to write a
// dot within a label, so a dot becomes a hyphen.
func InstanceName(display, hostname string) string {
	name := clean(display)
	if name == "" {
		name = clean(trimLocal(hostname))
	}
	switch {
	case name == "":
		return "Clawdbot"
	case strings.Contains(strings.ToLower(name), "clawdbot"):
		return cut(name, maxLabel)
	}
	return cut(name, maxLabel-len(suffix)) + suffix
}

// clean makes one line of printable text without dots.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '.' || r == '\\':
			return '-'
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens to a number of bytes without breaking a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.TrimSpace(s[:limit])
}

func trimLocal(hostname string) string {
	const local = ".local"
	if n := len(hostname) - len(local); n >= 0 && strings.EqualFold(hostname[n:], local) {
		return hostname[:n]
	}
	return hostname
}

// HostLabel is the first label of a host name, as a DNS label: never made of the instance name, which apps cannot look
// up.
func HostLabel(hostname string) string {
	first, _, _ := strings.Cut(trimLocal(hostname), ".")
	return label(first, "clawdbot")
}

// label keeps letters, digits and hyphens; everything between them becomes one hyphen.
func label(s, otherwise string) string {
	var b strings.Builder
	gap := false
	for _, r := range s {
		ok := r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if ok && gap {
			b.WriteByte('-')
		}
		if gap = !ok; ok {
			b.WriteRune(r)
		}
	}
	out := strings.Trim(b.String(), "-")
	if len(out) > maxLabel {
		out = strings.TrimRight(out[:maxLabel], "-")
	}
	if out == "" {
		return otherwise
	}
	return out
}
