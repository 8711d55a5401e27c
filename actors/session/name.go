package session

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/clawdbot/gateway/transport/wire"
)

var (
	oddChars = regexp.MustCompile(`[^a-z0-9#@._+-]+`)
	dashes   = regexp.MustCompile(`-{2,}`)
)

// displayName is the name shown for a session with a surface (protocol 7.3).
func displayName(key string, e wire.SessionEntry, surface string) string {
	if e.DisplayName != "" || surface == "" {
		return e.DisplayName
	}
	label := cmp.Or(e.Room, e.Subject, e.Space, lastPart(key))
	if e.Space != "" && e.Room != "" {
		label = e.Space + "#" + strings.TrimPrefix(e.Room, "#")
	}
	label = oddChars.ReplaceAllString(strings.ReplaceAll(strings.ToLower(label), " ", "-"), "-")
	label = strings.Trim(dashes.ReplaceAllString(label, "-"), "-.")
	if e.Room == "" {
		label = strings.TrimPrefix(label, "#")
	}
	if label == "" {
		return surface
	}
	if !strings.ContainsAny(label[:1], "@#") && !strings.HasPrefix(label, "g-") && !strings.Contains(label, "#") {
		label = "g-" + label
	}
	return surface + ":" + label
}

func lastPart(key string) string { return key[strings.LastIndex(key, ":")+1:] }
