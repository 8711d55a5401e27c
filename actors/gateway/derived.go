package gateway

import (
	"sync/atomic"

	"github.com/clawdbot/gateway/actors/config"
)

// derived is what follows from the configuration in force, worked out once for each that comes into force. Any goroutine.
type derived[T any] struct{ last atomic.Pointer[derivation[T]] }

type derivation[T any] struct {
	doc   *config.Document
	value T
}

// of is what follows from doc; work finds out.
func (d *derived[T]) of(doc *config.Document, work func() T) T {
	l := d.last.Load()
	if l == nil || l.doc != doc {
		l = &derivation[T]{doc, work()}
		d.last.Store(l)
	}
	return l.value
}
