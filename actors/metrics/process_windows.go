package metrics

import (
	"syscall"
	"time"
)

func cpuTime() (time.Duration, bool) {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, false
	}
	var began, ended, kernel, user syscall.Filetime
	err = syscall.GetProcessTimes(self, &began, &ended, &kernel, &user)
	return ticks(kernel) + ticks(user), err == nil
}

// ticks are of 100 ns.
func ticks(t syscall.Filetime) time.Duration {
	return time.Duration(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime)) * 100
}

// fileLimit: there is none.
func fileLimit() (float64, bool) { return 0, false }
