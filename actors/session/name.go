package session

import (
	"cmp"
	"strings"
	"unicode"

	"github.com/clawdbot/gateway/transport/wire"
)

// displayName is the name shown for a session with a surface (protocol 7.3).
func displayName(key string, e wire.SessionEntry, surface string) string {
	if e.DisplayName != "" || surface == "" {
		return e.DisplayName
	}
	return derivedName(key, e, surface)
}

// derivedName makes a name of where the session is.
func derivedName(key string, e wire.SessionEntry, surface string) string {
	room, space := strings.TrimSpace(e.Room), strings.TrimSpace(e.Space)
	text := cmp.Or(room, strings.TrimSpace(e.Subject), space, groupID(key))
	if space != "" && room != "" {
		text = space + "#" + strings.TrimPrefix(room, "#")
	}
	name := label(text)
	if room == "" {
		name = strings.TrimLeft(name, "#")
	}
	surface = strings.ToLower(strings.TrimSpace(surface))
	if name == "" {
		return surface
	}
	if name[0] != '@' && !strings.HasPrefix(name, "g-") && !strings.Contains(name, "#") {
		name = "g-" + name
	}
	return surface + ":" + name
}

// label is a text in small letters, digits and some signs; runs of anything else are a dash.
func label(text string) string {
	var b strings.Builder
	dash := false
	for _, r := range text {
		r = unicode.ToLower(r)
		if r == '-' || (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("#@._+", r) {
			dash = true
			continue
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteRune(r)
	}
	return strings.Trim(b.String(), "-.")
}

// groupID is the part of a group's key that is the platform's id of it; other keys are taken as they are.
func groupID(key string) string {
	if rest, legacy := strings.CutPrefix(key, "group:"); legacy {
		return rest
	}
	if _, rest, ok := strings.Cut(key, ":"); ok {
		if kind, id, ok := strings.Cut(rest, ":"); ok && (kind == "group" || kind == "channel") {
			return id
		}
	}
	return key
}
