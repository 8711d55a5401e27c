package providers

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Insist hands a message up until it is taken, for a platform that does not give it a second time; the link is reported
// degraded meanwhile. again says that it took more than one try: the link is to be reported up. The error is ctx's.
func (e Env) Insist(ctx context.Context, m Incoming, retry Backoff) (again bool, err error) {
	for ; ; again = true {
		err := e.Receive(ctx, m)
		if err == nil {
			return again, nil
		}
		if ctx.Err() != nil {
			return again, ctx.Err()
		}
		wait := retry.Failed(e.Now())
		e.State(Status{
			Link:   LinkDegraded,
			Reason: fmt.Sprintf("a message could not be stored: %s; next try in %v", OneLine(err.Error()), wait.Round(time.Millisecond)),
		})
		if !Sleep(ctx, wait) {
			return again, ctx.Err()
		}
	}
}

// OneLine is what of a foreign text may stand in a Status.Reason: one line, not too long.
func OneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
