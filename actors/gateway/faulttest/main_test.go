package faulttest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/clawdbot/gateway/actors/gateway"
)

var (
	update = flag.Bool("update", false, "write the tables of docs/faults.md")
	seed   = rand.Uint64N(1 << 32)
)

// cellsAtOnce: a cell mostly waits, so more of them run than there are processors.
const cellsAtOnce = "8"

func TestMain(m *testing.M) {
	gateway.ChildProcess()
	flag.Parse()
	if s := os.Getenv("FAULT_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "FAULT_SEED:", err)
			os.Exit(2)
		}
		seed = n
	}
	if err := flag.Set("test.parallel", cellsAtOnce); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(templateDir)
		os.Exit(code)
	}))
}
