package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/store"
)

const (
	politely  = 6 * time.Second // a gateway ends within 5
	forcibly  = 2 * time.Second
	lookAgain = 50 * time.Millisecond
)

// endHolder ends the gateway that holds the state directory, and waits until it has let go. Nobody else is ended, whoever has the
// port: the lock proves that the process is a gateway of this directory. Without one there is nothing to do.
func endHolder(ctx context.Context, dir string) error {
	holder := store.Holder(dir)
	if holder == "" {
		return nil
	}
	pid := holderPID(holder)
	if pid <= 1 || pid == os.Getpid() {
		return fmt.Errorf("the state directory is held, and it is not known by which process (%s): end it by hand", holder)
	}
	for _, try := range []struct {
		end  func(pid int) error
		wait time.Duration
	}{{askToEnd, politely}, {kill, forcibly}} {
		if err := try.end(pid); err != nil {
			return fmt.Errorf("end the gateway with pid %d: %w", pid, err)
		}
		if gone, err := letGo(ctx, dir, pid, try.wait); gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("the gateway with pid %d does not end", pid)
}

// letGo waits until pid does not hold the directory any more. Another process may: a service manager was quicker.
func letGo(ctx context.Context, dir string, pid int, wait time.Duration) (bool, error) {
	end := time.Now().Add(wait)
	for {
		switch holder := store.Holder(dir); {
		case holder == "":
			return true, nil
		case holderPID(holder) > 0 && holderPID(holder) != pid:
			return false, fmt.Errorf("the gateway with pid %d was ended, and another was started at once (%s): stop the service first (clawdbot service uninstall, or systemctl --user stop)", pid, holder)
		}
		if time.Now().After(end) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// holderPID reads "pid=… since=… addr=…"; 0 = it says nothing.
func holderPID(line string) int {
	for _, word := range strings.Fields(line) {
		if v, ok := strings.CutPrefix(word, "pid="); ok {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	return 0
}
