package main

import (
	"os"
	"runtime/debug"
	"strings"

	cmap "github.com/orcaman/concurrent-map"

	"github.com/clawdbot/gateway/actors/gateway"
)

// version and commit are set by the build (-ldflags "-X main.version=...").
var version, commit string

func main() {
	gateway.ChildProcess()
	prepare()
	// The actor engine keeps its registry in 1,024 of these maps, each of 32 parts: 2.5 MiB for an idle gateway. One part
	// each is enough. The library has only this global switch, so it is the program's to set, not a package's.
	cmap.SHARD_COUNT = 1
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, lookup: os.LookupEnv}
	os.Exit(a.run(os.Args[1:]))
}

// buildInfo returns version and commit: what the build set, else what the Go tool recorded.
func buildInfo() (v, c string) {
	v, c = version, commit
	if info, ok := debug.ReadBuildInfo(); ok {
		if m := info.Main.Version; v == "" && strings.HasPrefix(m, "v") && !strings.HasPrefix(m, "v0.0.0-") {
			v = m // a tagged release
		}
		for _, s := range info.Settings {
			if c == "" && s.Key == "vcs.revision" {
				c = s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	if v == "" {
		v = "dev"
	}
	return v, c
}
