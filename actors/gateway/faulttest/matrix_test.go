package faulttest

import (
	"testing"
	"time"
)

var kinds = []string{
	"conn", "conns", "run", "session", "sessions", "account", "accounts", "lane", "outbox", "router", "eventstream",
	"presence", "health", "config", "wizard", "pairing", "cron", "heartbeat",
	"models", "nodes", "skills", "store", "node", bridge, "jobs", "approvals", "mcp", "mcpserver",
}

var faults = []string{"crash", "crash after", "delay", "drop", "duplicate", "reorder"}

// cell is one kind of actor and one fault.
type cell struct {
	number int // chooses the messages that are hit, with the seed
	kind   string
	fault  string
	expect expect
	disk   *diskFault // the fault is one of the disk
}

// seen is what one play of a cell showed. It differs from run to run.
type seen struct {
	Fired, Restarts, Closed, Refused, Retries, Notices, Ambiguous int
	Slowest, Answer                                               time.Duration
}

func cells() []cell {
	var all []cell
	for _, kind := range kinds {
		for _, fault := range faults {
			all = append(all, cell{number: len(all), kind: kind, fault: fault, expect: expected(kind, fault)})
		}
	}
	return append(all, cell{number: len(all), kind: "store", fault: "failed commit", expect: expected("store", "failed commit"), disk: &diskFault{}})
}

// TestMatrix plays every cell and compares the table of results with the one in docs/faults.md.
func TestMatrix(t *testing.T) {
	t.Logf("FAULT_SEED=%d", seed)
	all := cells()
	results := make([]*seen, len(all))
	ok := t.Run("cell", func(t *testing.T) {
		for i, c := range all {
			t.Run(c.kind+"/"+c.fault, func(t *testing.T) {
				t.Parallel()
				sn := play(t, c)
				results[i] = &sn
			})
		}
	})
	for _, r := range results {
		if r == nil || !ok {
			t.Skip("no table: not every cell was played to its good end")
		}
	}
	report(t, all, results)
}
