package command

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Queue is what a /queue directive says. What it does not say is empty or nil.
type Queue struct {
	Mode       string // canonical name
	DebounceMs *int64
	Cap        *int64
	Drop       string // old, new, summarize
	Reset      bool   // back to what the configuration says
	Bad        string // the word that is no setting, or has no valid value; then nothing of the directive counts
}

// Over is what q says, and what base says where q says nothing.
func (q Queue) Over(base Queue) Queue {
	return Queue{
		Mode: cmp.Or(q.Mode, base.Mode), DebounceMs: cmp.Or(q.DebounceMs, base.DebounceMs), Cap: cmp.Or(q.Cap, base.Cap),
		Drop: cmp.Or(q.Drop, base.Drop),
	}
}

func (q *Queue) empty() bool {
	return q.Mode == "" && q.DebounceMs == nil && q.Cap == nil && q.Drop == "" && !q.Reset
}

// queueModes are the modes with all their names, the canonical one first.
var queueModes = [...][]string{
	{"steer", "queue", "queued", "steering"},
	{"followup", "follow-ups", "followups"},
	{"collect", "coalesce"},
	{"steer-backlog", "steer+backlog", "steer_backlog"},
	{"interrupt", "interrupts", "abort"},
}

// QueueMode folds an alias ("queue", "steer+backlog", "abort", ...) to its mode.
func QueueMode(s string) (mode string, ok bool) {
	for _, names := range queueModes {
		if slices.Contains(names, s) {
			return names[0], true
		}
	}
	return "", false
}

// QueueModes are all names of queue modes, aliases included.
func QueueModes() []string { return slices.Concat(queueModes[:]...) }

// readQueue reads words up to the first one that is no setting. If that is the very first one, it is Bad.
func readQueue(c *cursor) *Queue {
	q := &Queue{}
	c.colon()
	for {
		raw, end := c.peek()
		if raw == "" {
			return q
		}
		known, ok := q.take(strings.ToLower(trimEnd(raw)))
		if !known && !q.empty() {
			return q
		}
		c.at = end
		if !known || !ok {
			q.Bad = raw
			return q
		}
	}
}

// take reads one setting: known is whether it is one, ok whether its value is valid.
func (q *Queue) take(s string) (known, ok bool) {
	if i := strings.IndexAny(s, ":="); i >= 0 {
		return q.option(s[:i], s[i+1:])
	}
	switch s {
	case "default", "reset", "clear":
		q.Reset = true
		return true, true
	}
	mode, ok := QueueMode(s)
	if ok {
		q.Mode = mode
	}
	return ok, ok
}

func (q *Queue) option(name, value string) (known, ok bool) {
	switch name {
	case "debounce":
		q.DebounceMs = millis(value)
		return true, q.DebounceMs != nil
	case "cap":
		n, err := strconv.ParseInt(value, 10, 32)
		q.Cap = &n
		return true, err == nil && n >= 1
	case "drop":
		q.Drop = value
		return true, value == "old" || value == "new" || value == "summarize"
	}
	return false, false
}

// maxDebounce bounds what a person may ask for.
const maxDebounce = 24 * time.Hour

// millis reads "500", "250ms", "2s", "1.5m", "1h"; a number alone is of milliseconds. nil = none of that.
func millis(s string) *int64 {
	if s != "" && strings.Trim(s, "0123456789") == "" {
		s += "ms"
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxDebounce {
		return nil
	}
	ms := d.Milliseconds()
	return &ms
}
