//go:build unix

package metrics

import (
	"syscall"
	"time"
)

func cpuTime() (time.Duration, bool) {
	var use syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()), err == nil
}

func fileLimit() (float64, bool) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return float64(limit.Cur), err == nil
}
