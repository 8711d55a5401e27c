package providertest

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// ports counts those that were given out.
var ports atomic.Int32

// FreePort is a port on loopback on which nobody listens. None is given out twice, nor one of those that the system chooses for who does
// not say. A gateway has up to five ports from its own on: the next one that is given out is behind them.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 1000 {
		port := 20_000 + (os.Getpid()*131+int(ports.Add(7)))%12_000
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
