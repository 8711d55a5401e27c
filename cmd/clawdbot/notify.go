package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/cmd/clawdbot/service"
)

// notifier tells the service manager how the gateway is, if one wants to know.
type notifier struct {
	service.Notifier
	log *slog.Logger
}

// notifier finds the service manager. It is told of the stop when ctx ends.
func (a *app) notifier(ctx context.Context, log *slog.Logger) notifier {
	n := notifier{service.NewNotifier(a.lookup), log}
	context.AfterFunc(ctx, func() { n.tell("STOPPING=1") })
	return n
}

func (n notifier) tell(states ...string) {
	if err := n.Tell(states...); err != nil {
		n.log.Warn("the service manager was not told", "what", states[0], "err", err)
	}
}

// alive is what tells of a sign of life; nil = nobody waits for one.
func (n notifier) alive() func() {
	if n.Watchdog == 0 {
		return nil
	}
	return func() { n.tell("WATCHDOG=1") }
}

// every is how often: one that is late must not count.
func (n notifier) every() time.Duration { return n.Watchdog / 3 }
