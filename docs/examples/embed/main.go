// Embed is a gateway inside another program, with a surface and an agent of its own.
//
//	go run ./embed -state /tmp/demo
//	echo hello > /tmp/demo/loft/in/ann.1     # a message of Ann's
//	cat /tmp/demo/loft/out/ann/*             # the answer to her
//
// Or open the address that it prints in a browser and write there. Ctrl-C ends it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/clawdbot/gateway/actors/gateway"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

func main() {
	state := flag.String("state", "embed-state", "directory of everything that is kept")
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 = a free one")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *state, *port); err != nil {
		log.Fatal(err)
	}
}

// run is the whole gateway. It returns when ctx has ended and everything is stored.
func run(ctx context.Context, state string, port int) error {
	pigeons, err := json.Marshal(map[string]any{
		"dir":       filepath.Join(state, "loft"),
		"allowFrom": []string{"*"}, // without it, strangers get a pairing code first
	})
	if err != nil {
		return err
	}
	agent := &shouter{said: func(line string) { fmt.Println(line) }}
	return gateway.Run(ctx, gateway.Options{
		StateDir:  state,
		Start:     gateway.Start{Port: port},
		AnyPort:   port == 0,
		Providers: []providers.Factory{{Surface: "pigeon", New: newPigeon}},
		Sections:  map[string]json.RawMessage{"pigeon": pigeons},
		Runner:    agent,
		Methods: wire.Table{wire.Loose("shouter.count", func(c *wire.Call) {
			c.OK(map[string]int64{"answers": agent.answers.Load()})
		})},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		OnListening: func(addr string) {
			fmt.Println("listening on ws://" + addr)
		},
	})
}
