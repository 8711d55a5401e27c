package computer

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Bounds of a notification, in runes.
const (
	maxTitle = 256
	maxBody  = 4096
)

// notifyTime is how long the desktop may take to accept a notification.
const notifyTime = 5 * time.Second

// notification is what system.notify takes. The reference's node wants both texts; its own agent tool leaves a blank one
// out (bridge-canvas 3.4), so that either is enough here.
type notification struct {
	Title    string `json:"title"`
	Body     string `json:"body"`
	Sound    string `json:"sound"`
	Priority string `json:"priority"` // passive, active, timeSensitive
}

// notifier is the program that shows notifications, "" when there is none.
func (c *Computer) notifier() string {
	name := "notify-send"
	if c.o.OS == "darwin" {
		name = "osascript"
	} else if c.o.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" && c.o.Getenv("XDG_RUNTIME_DIR") == "" {
		return "" // no desktop listens
	}
	path, err := c.o.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

func (c *Computer) systemNotify(ctx context.Context, params []byte) (any, error) {
	var n notification
	if err := decode(params, &n); err != nil {
		return nil, err
	}
	n.Title, n.Body = tidy(n.Title, maxTitle), tidy(n.Body, maxBody)
	if n.Title == "" && n.Body == "" {
		return nil, refuse(invalidRequest, "INVALID_REQUEST: empty notification")
	}
	if path := c.notifier(); path != "" {
		ctx, cancel := context.WithTimeout(ctx, notifyTime)
		defer cancel()
		_, err := c.tool(ctx, path, n.args(c.o.OS)...)
		if err == nil {
			return nil, nil
		}
		c.o.Log.Warn("the desktop did not show a notification", "err", err)
	}
	// Whoever watches the node's terminal or log sees it.
	_, err := fmt.Fprintf(c.o.Out, "notification: %s\n", strings.Join(strings.FieldsFunc(n.Title+"\n"+n.Body, func(r rune) bool { return r == '\n' }), " · "))
	return nil, err
}

// args are those of notify-send and of osascript. No text of the caller is ever part of a script.
func (n notification) args(os string) []string {
	if os == "darwin" {
		show := "display notification (item 2 of argv) with title (item 1 of argv)"
		args := []string{n.Title, n.Body}
		if n.Sound != "" {
			show += " sound name (item 3 of argv)"
			args = append(args, tidy(n.Sound, maxTitle))
		}
		return append([]string{"-e", "on run argv", "-e", show, "-e", "end run", "--"}, args...)
	}
	urgency := map[string]string{"passive": "low", "timeSensitive": "critical"}[n.Priority]
	if urgency == "" {
		urgency = "normal"
	}
	title := n.Title
	if title == "" {
		title = "Clawdbot"
	}
	return []string{"--app-name=Clawdbot", "--urgency=" + urgency, "--", title, escape.Replace(n.Body)}
}

// escape: desktops read a body as markup.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// tidy trims a text, drops what would move a terminal's cursor, and bounds it.
func tidy(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r) || r == '\u202e' || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}
