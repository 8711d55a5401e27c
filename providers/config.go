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
