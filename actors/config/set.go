package config

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/clawdbot/gateway/actors/file"
	"github.com/clawdbot/gateway/transport/wire"
)

// maxRaces is how often a change is worked into a file that somebody else changes at the same time.
const maxRaces = 5

// set gives the file the text that raw makes of it. The file is written only when the gateway could run on it, and, with a
// base, only while it is the one that has that hash.
func (l *live) set(log *slog.Logger, raw, base string) (View, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range maxRaces - 1 {
		if v, err := l.setOnce(log, raw, base); !errors.Is(err, file.ErrChanged) {
			return v, err
		}
	}
	return l.setOnce(log, raw, base)
}

func (l *live) setOnce(log *slog.Logger, raw, base string) (View, error) {
	stored := Read(l.o.Document.Path, l.o.Getenv)
	if stored.Exists && !stored.hasRaw {
		return View{}, errors.New("config file " + stored.Issues[0].String()) // it may hold what nobody else has
	}
	if base != "" && base != l.hash(stored) {
		return View{}, wire.InvalidRequest("config changed since last load; re-run config.get and retry")
	}
	text, err := stored.Edited(raw)
	if err != nil {
		return View{}, err
	}
	return l.write(log, stored, text)
}

// rollback makes an older text the file's.
func (l *live) rollback(log *slog.Logger, number int64) (View, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, err := l.history.list()
	if err != nil {
		return View{}, err
	}
	for _, g := range all {
		if g.Number != number {
			continue
		}
		text, err := l.history.text(g)
		if err != nil {
			return View{}, err
		}
		return l.write(log, Read(l.o.Document.Path, l.o.Getenv), text)
	}
	return View{}, wire.InvalidRequest("no generation %d in the history; config.history lists them", number)
}

// write puts text into the file in the place of stored.
func (l *live) write(log *slog.Logger, stored *Document, text string) (View, error) {
	doc := Parse(stored.Path, text, l.o.Getenv)
	if !doc.Valid {
		return View{}, invalid(doc.Issues...)
	}
	if err := l.admit(doc); err != nil {
		return View{}, err
	}
	if !stored.hasRaw || stored.raw != text {
		l.record(log, stored)
		still := func() bool { return Read(doc.Path, l.o.Getenv).identity() == stored.identity() }
		if err := file.ReplaceIf(doc.Path, []byte(text), still); err != nil {
			return View{}, fmt.Errorf("config file was not written: %w", err)
		}
		log.Info("config file written")
	}
	l.record(log, doc)
	return doc.Redacted(), nil
}

// generations lists the history.
func (l *live) generations() ([]Generation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, err := l.history.list()
	if err != nil {
		return nil, err
	}
	now, err := readFile(l.o.Document.Path)
	for i := range all {
		text, failed := l.history.text(all[i])
		all[i].Current = err == nil && failed == nil && text == now
	}
	return all, nil
}
