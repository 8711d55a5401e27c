package ws

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// A burst from one address beyond its slots is served in turn, and nobody is refused.
func TestSlots_burstIsServed(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Limits.PerAddress = 4 })
	const n = 100
	conns := make([]net.Conn, n)
	for i := range conns { // all at once, each with its whole handshake on the way
		conns[i] = h.tcp(t, h.request("")+string(encodeFrame(fin|opText, connectFrame(""), true)))
	}
	for _, c := range conns {
		r := c.(*raw)
		if status := r.status(t); status != 101 {
			t.Fatalf("status %d", status)
		}
		r.expect(t, string(helloFrame("c1")))
	}
	if got := h.Count(); got != n {
		t.Errorf("%d connections", got)
	}
}

// Strangers that say nothing hold a bounded number of slots, for a bounded time.
func TestSlots_silentStrangers(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) {
		o.Limits.PerAddress, o.Limits.Waiting = 2, 1
		o.Limits.HandshakeTimeout = 200 * time.Millisecond
	})
	a, b := h.upgrade(t, ""), h.upgrade(t, "")
	waiting := h.tcp(t, h.request(""))
	eventually(t, "one waits", func() bool {
		h.slots.mu.Lock()
		defer h.slots.mu.Unlock()
		return h.slots.waiting == 1
	})
	if status := h.tcp(t, h.request("")).status(t); status != 503 {
		t.Errorf("beyond the waiting room: %d", status)
	}
	a.expect(t, "close 1000")
	b.expect(t, "close 1000")
	if status := waiting.status(t); status != 101 {
		t.Errorf("the one that waited: %d", status)
	}
}

func TestSlots_total(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Limits.Strangers = 2; o.Limits.PerAddress = 1 })
	from := func(ip string) *raw {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
		c, err := d.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, h.request(""))
		_ = c.SetReadDeadline(time.Now().Add(patience))
		return newRaw(c)
	}
	for i, want := range []int{101, 101, 503} {
		if got := from(fmt.Sprintf("127.0.0.%d", i+1)).status(t); got != want {
			t.Errorf("address %d: %d, want %d", i+1, got, want)
		}
	}
}

// A waiter that goes away leaves no trace.
func TestSlots_waiterLeaves(t *testing.T) {
	t.Parallel()
	h := startHost(t, func(o *Options) { o.Limits.PerAddress = 1 })
	first := h.upgrade(t, "")
	w := h.tcp(t, h.request(""))
	waiting := func(n int) func() bool {
		return func() bool {
			h.slots.mu.Lock()
			defer h.slots.mu.Unlock()
			return h.slots.waiting == n
		}
	}
	eventually(t, "it waits", waiting(1))
	_ = w.Close()
	eventually(t, "it is forgotten", waiting(0))
	first.text(t, connectFrame(""))
	first.expect(t, string(helloFrame("c1")))
	h.connect(t)
}

// 10,000 upgrades that break off at every stage leave nothing behind (TestMain looks for goroutines).
func TestSlots_abortedUpgrades(t *testing.T) {
	t.Parallel()
	h := startHost(t, nil)
	full := h.request("") + string(encodeFrame(fin|opText, connectFrame(""), true))
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range next {
				c, err := net.Dial("tcp", h.addr)
				if err != nil {
					t.Error(err)
					continue
				}
				_, _ = io.WriteString(c, full[:len(full)*(i%97)/97])
				if i%2 == 0 { // half of them as a reset
					_ = c.(*net.TCPConn).SetLinger(0)
				}
				_ = c.Close()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	eventually(t, "nothing is left", func() bool {
		h.slots.mu.Lock()
		defer h.slots.mu.Unlock()
		return h.Count() == 0 && h.slots.used == 0 && h.slots.waiting == 0 && len(h.slots.byAddr) == 0
	})
}
