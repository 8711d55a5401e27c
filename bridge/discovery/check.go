package discovery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
)

// Check finds out whether multicast works on this machine: it sends an empty message to the group on each interface, the
// ones named or else all of the local network, and waits until ctx ends for one to come back. The error says what is wrong.
func Check(ctx context.Context, names []string) error {
	all, err := interfaces()
	if err != nil {
		return err
	}
	on, err := askable(all, names)
	if err != nil {
		return err
	}
	c, err := net.ListenUDP("udp4", group4)
	if err != nil {
		return fmt.Errorf("multicast does not work here: %w", err)
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true, ID: uint16(rand.Uint32())}}
	message, err := m.Pack()
	if err != nil {
		return err
	}
	p := ipv4.NewPacketConn(c)
	sent := 0
	for _, i := range on.ifaces {
		if err = p.JoinGroup(&i.Interface, group4); err == nil {
			_, err = p.WriteTo(message, &ipv4.ControlMessage{IfIndex: i.Index}, group4)
		}
		if err == nil {
			sent++
		}
	}
	if sent == 0 {
		return fmt.Errorf("multicast does not work here: %s: %w", strings.Join(on.names(), ", "), err)
	}
	b := make([]byte, 9000)
	for {
		n, err := c.Read(b)
		if err != nil {
			return fmt.Errorf("multicast does not work here: what is sent on %s does not come back", strings.Join(on.names(), ", "))
		}
		if string(b[:n]) == string(message) {
			return nil
		}
	}
}
