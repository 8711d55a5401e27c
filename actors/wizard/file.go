package wizard

import (
	"errors"
	"strings"

	"github.com/clawdbot/gateway/actors/config"
)

// CurrentOf is a config file as the dialogue sees it.
func CurrentOf(v config.View) Current {
	c := Current{Path: v.Path, Parsed: v.Parsed}
	if !v.Valid && len(v.Issues) > 0 {
		c.Problem = "is not valid: " + v.Issues[0].String()
	}
	return c
}

// Plain is an error of Write in words for a person: what is wrong by path, where that is known.
func Plain(err error) error {
	e, ok := errors.AsType[*config.SetError](err)
	if !ok || len(e.Issues) == 0 {
		return err
	}
	lines := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		lines[i] = issue.String()
	}
	return errors.New("the gateway cannot run on that: " + strings.Join(lines, "; "))
}
