// Command bench measures the gateway beside a bare WebSocket server in the same run, and prints the table of
// docs/performance.md. Every figure is the median of three rounds; ours and the bare one's alternate, because only
// their ratio means something on a machine that does other things too.
//
//	go run ./cmd/bench            the table
//	go run ./cmd/bench -quick     one short round
//	go run ./cmd/bench -only import   one part of it
//	go run ./cmd/bench -soak 1h   mixed load for a while, with memory every ten seconds
//
// It builds what it runs into a temporary directory, keeps all traffic on loopback and ends every process it started.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	cmap "github.com/orcaman/concurrent-map"
)

func main() {
	cmap.SHARD_COUNT = 1 // as in cmd/clawdbot
	quick := flag.Bool("quick", false, "one short round instead of three")
	soak := flag.Duration("soak", 0, "run mixed load for this long instead")
	only := flag.String("only", "", "only this part: start, load, acks, crowd, import, noise, nodes, runs or page")
	bare := flag.String("echo", "", "be the bare server of the part nodes, on this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *bare != "" {
		if err := echo(ctx, *bare); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(ctx, *quick, *only, *soak); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, quick bool, only string, soak time.Duration) error {
	dir, err := os.MkdirTemp("", "clawdbot-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{ctx: ctx, dir: dir, rounds: 3, dur: 4 * time.Second}
	if quick {
		b.rounds, b.dur = 1, time.Second
	}
	inside := soak > 0 || only == "acks" || only == "import" || only == "noise" // need no other program
	for name, pkg := range map[string]string{"clawdbot": "./cmd/clawdbot", "wsload": "./cmd/wsload", "limit": "./cmd/wsload/cmd/limit"} {
		if inside {
			break
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	if soak > 0 {
		return b.soak(soak)
	}
	fmt.Printf("Machine: %d cores, %s/%s, %s; %s; median of %d rounds.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), time.Now().UTC().Format("2006-01-02"), b.rounds)
	for _, part := range []struct {
		name string
		run  func() error
	}{{"start", b.start}, {"load", b.load}, {"acks", b.acks}, {"crowd", b.crowd}, {"import", b.imports}, {"noise", b.noise}, {"nodes", b.nodes}, {"runs", b.runs}, {"page", b.page}} {
		if only != "" && only != part.name {
			continue
		}
		if err := part.run(); err != nil {
			return err
		}
	}
	b.print()
	return nil
}
