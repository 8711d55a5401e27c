package main

import (
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // schedules name zones also where the host has none
)

// version and commit are set by the build (-ldflags "-X main.version=...").
var version, commit string

func main() {
	syscall.Umask(0o077) // whatever is written is the user's alone
	a := &app{out: os.Stdout, err: os.Stderr, lookup: os.LookupEnv}
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
