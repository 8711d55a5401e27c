package actortest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/actortest"
)

// A counter loses what it counted when it crashes: the second incarnation starts at nought.
type counter struct{ n int }

type add struct{ actors.Reply[int] }

func (k *counter) Receive(c *actors.Context[add], m add) error {
	k.n++
	m.Send(k.n)
	return nil
}

// The package works from any module that imports the gateway's: here an actor that crashes at its
// third message, and what its callers see.
func Example() {
	f := actortest.NewFaults(1)
	f.On(actortest.Kind("counter"), actortest.Message[add]()).Nth(3).Crash()
	sys := actors.NewSystem(actors.SystemOptions{
		Intercept: f, // an embedded gateway takes it as gateway.Options.Intercept
		Log:       slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	ref, err := actors.Spawn(sys, "counter", actors.Props[add]{
		Kind:    "counter",
		New:     func() actors.Behavior[add] { return &counter{} },
		Restart: actors.Restart{Min: time.Millisecond, Window: time.Minute, Limit: 3},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for range 4 {
		fmt.Println(actors.Ask(ctx, ref, func(r actors.Reply[int]) add { return add{r} }))
	}
	fmt.Println(f.Fired())
	fmt.Println(sys.Stop(ctx))
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 0 counter: actor crashed
	// 1 <nil>
	// [crash counter actortest_test.add #3]
	// <nil>
}
