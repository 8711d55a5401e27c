package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// Checked is what a text would do as the file's, without its being written.
type Checked struct {
	Hash    string // of the file as it is
	Issues  []Issue
	Changes []Change // to what the gateway runs on
	Restart bool     // the gateway would start anew
	Refused string   // why nothing would happen, though the text is valid; "" = it takes effect
}

// foresee judges raw as set would, and what follows as a change of the file is judged.
func (l *live) foresee(raw string) (Checked, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored := Read(l.o.Document.Path, l.o.Getenv)
	c := Checked{Hash: l.hash(stored)}
	text, err := stored.Edited(raw)
	if e, ok := errors.AsType[*SetError](err); ok {
		if c.Issues = e.Issues; len(c.Issues) == 0 {
			c.Issues = []Issue{{Message: e.Message}}
		}
		return c, nil
	}
	if err != nil {
		return c, err
	}
	doc := Parse(stored.Path, text, l.o.Getenv)
	if !doc.Valid {
		c.Issues = doc.Issues
		return c, nil
	}
	if err := l.admit(doc); err != nil {
		c.Issues = err.Issues
		return c, nil
	}
	if c.Changes = Diff(l.state().Running, doc); len(c.Changes) > 0 {
		p := planFor(doc.Config.Gateway.Reload.Mode, c.Changes)
		c.Restart, c.Refused = p.restart, p.refused
	}
	return c, nil
}

// hash names a text of the file for those who want to change that text and no other. It says nothing of the secrets in it:
// it has a key that ends with the process.
func (l *live) hash(d *Document) string {
	id := d.identity()
	m := hmac.New(sha256.New, l.key[:])
	m.Write(id[:])
	return hex.EncodeToString(m.Sum(nil)[:16])
}
