package config

import (
	"errors"

	"github.com/clawdbot/gateway/actors/file"
)

// Edit changes a config file that no gateway watches over: raw is taken as config.set takes it. The file is written
// only if the result is valid. The error may be a *SetError.
func Edit(path, raw string, getenv func(string) string) error {
	stored := Read(path, getenv)
	if stored.Exists && !stored.hasRaw {
		return errors.New("config file " + stored.Issues[0].String()) // it may hold what nobody else has
	}
	text, err := stored.Edited(raw)
	if err != nil {
		return err
	}
	if doc := Parse(path, text, getenv); !doc.Valid {
		return invalid(doc.Issues...)
	}
	return file.Replace(path, []byte(text))
}
