package main

import (
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory tells the garbage collector what the control group allows, unless GOMEMLIMIT says something else:
// collecting harder near the limit is better than being killed at it. A tenth is left for what is not heap.
func limitMemory(lookup func(string) (string, bool)) {
	if _, set := lookup("GOMEMLIMIT"); set {
		return
	}
	if n := cgroupLimit(os.ReadFile); n > 0 {
		debug.SetMemoryLimit(n / 10 * 9)
	}
}

// cgroupLimit is the smallest memory limit of this process's control group and those above it; 0 = none.
func cgroupLimit(read func(string) ([]byte, error)) int64 {
	var least int64 = math.MaxInt64
	consider := func(file string) {
		b, err := read(file)
		if err != nil {
			return
		}
		// No limit is "max" in version 2 and a huge number in version 1.
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && n > 0 && n < 1<<50 {
			least = min(least, n)
		}
	}
	group, _ := read("/proc/self/cgroup")
	for line := range strings.Lines(string(group)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		for dir := path.Clean("/" + name); ; dir = path.Dir(dir) {
			consider(path.Join("/sys/fs/cgroup", dir, "memory.max"))
			if dir == "/" {
				break
			}
		}
	}
	consider("/sys/fs/cgroup/memory/memory.limit_in_bytes")
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// forgetStart gives back what the start needed and nothing will again.
func forgetStart() {
	debug.FreeOSMemory()
	forgetProgram()
}
