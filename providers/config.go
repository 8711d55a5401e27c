package providers

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ID is a platform id that people write into the configuration as a string or as a number.
type ID string

// UnmarshalJSON accepts both spellings and keeps a number's digits.
func (id *ID) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*id = ID(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("an id must be a string or a number")
	}
	*id = ID(n)
	return nil
}

// Reply modes: which parts of an answer quote the message that they answer.
const (
	ReplyOff   = "off"
	ReplyFirst = "first"
	ReplyAll   = "all"
)

// ReplyMode reads a surface's replyToMode; not said is off.
func ReplyMode(surface, mode string) (string, error) {
	switch mode {
	case "":
		return ReplyOff, nil
	case ReplyOff, ReplyFirst, ReplyAll:
		return mode, nil
	}
	return "", fmt.Errorf("%s.replyToMode: %q is not one of off, first, all", surface, mode)
}

// TextLimit reads a surface's textChunkLimit: not said is usual, and most is what the platform takes; 0 = it has no limit.
func TextLimit(surface string, limit, usual, most int) (int, error) {
	switch {
	case limit < 0:
		return 0, fmt.Errorf("%s.textChunkLimit: must be greater than 0", surface)
	case limit == 0:
		limit = usual
	}
	if most > 0 {
		limit = min(limit, most)
	}
	return limit, nil
}

// MediaLimit reads a surface's mediaMaxMb: not said is usual.
func MediaLimit(surface string, mb, usual float64) (float64, error) {
	switch {
	case mb < 0:
		return 0, fmt.Errorf("%s.mediaMaxMb: must be greater than 0", surface)
	case mb == 0:
		return usual, nil
	}
	return mb, nil
}

// Reaction modes: which reactions the agent is told of.
const (
	ReactionsOff       = "off"
	ReactionsOwn       = "own" // to its own messages
	ReactionsAll       = "all"
	ReactionsAllowlist = "allowlist" // by the people on a list
)

// ReactionMode reads a reactionNotifications; field is where it stands, without that key. Not said is own.
func ReactionMode(field, mode string) (string, error) {
	switch mode {
	case "":
		return ReactionsOwn, nil
	case ReactionsOff, ReactionsOwn, ReactionsAll, ReactionsAllowlist:
		return mode, nil
	}
	return "", fmt.Errorf("%s.reactionNotifications: %q is not one of off, own, all, allowlist", field, mode)
}
