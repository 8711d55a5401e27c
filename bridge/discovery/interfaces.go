package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// NoInterface says why there is no network to announce to, or to ask.
type NoInterface struct{ Reason string }

func (e *NoInterface) Error() string { return e.Reason }

// iface is a network interface with its addresses.
type iface struct {
	net.Interface
	addrs []netip.Addr
}

// interfaces lists those that are up.
func interfaces() ([]iface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("network interfaces: %w", err)
	}
	var up []iface
	for _, i := range all {
		addrs, err := i.Addrs()
		if i.Flags&net.FlagUp == 0 || err != nil { // gone between the two questions
			continue
		}
		one := iface{Interface: i}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				one.addrs = append(one.addrs, p.Addr().Unmap())
			}
		}
		up = append(up, one)
	}
	return up, nil
}

func (i iface) loopback() bool { return i.Flags&net.FlagLoopback != 0 }

// choice is where to announce.
type choice struct {
	ifaces []iface
	v4, v6 bool       // families that the bridge can be reached by
	addr   netip.Addr // the only address to be told; not valid = the interface's
}

// print tells two choices apart.
func (c choice) print() string {
	var b strings.Builder
	for _, i := range c.ifaces {
		fmt.Fprint(&b, i.Index, i.Name, i.addrs, ";")
	}
	return b.String()
}

func (c choice) names() []string {
	names := make([]string, 0, len(c.ifaces))
	for _, i := range c.ifaces {
		names = append(names, i.Name)
	}
	return names
}

// choose picks the interfaces on which what listens at listen can be reached. Without names these are the ones of the
// local network: not loopback, no tunnels, and none whose addresses anybody may reach.
func choose(all []iface, listen netip.Addr, names []string) (choice, error) {
	c := choice{v4: listen.Is4() || listen.IsUnspecified(), v6: listen.Is6()}
	if !listen.IsUnspecified() {
		c.addr = listen
	}
	var left []string
	for _, i := range all {
		if why := i.unfit(listen, names); why != "" {
			left = append(left, i.Name+" ("+why+")")
			continue
		}
		c.ifaces = append(c.ifaces, i)
	}
	if len(c.ifaces) > 0 {
		return c, nil
	}
	for _, n := range names {
		if !slices.ContainsFunc(all, func(i iface) bool { return i.Name == n }) {
			left = append(left, n+" (is not there, or down)")
		}
	}
	return c, &NoInterface{"no interface to announce on: " + strings.Join(left, ", ")}
}

// unfit says why an interface is left out; "" = it is not.
func (i iface) unfit(listen netip.Addr, names []string) string {
	reachable := func(a netip.Addr) bool {
		if listen.IsUnspecified() {
			return a.Is4() || listen.Is6()
		}
		return a == listen
	}
	switch {
	case len(names) > 0 && !slices.Contains(names, i.Name):
		return "not named"
	case !slices.ContainsFunc(i.addrs, reachable):
		return "the bridge does not listen there"
	case len(names) > 0:
		return ""
	case i.loopback():
		return "this machine alone"
	case i.Flags&net.FlagMulticast == 0, i.Flags&net.FlagPointToPoint != 0:
		return "without multicast"
	case !slices.ContainsFunc(i.addrs, func(a netip.Addr) bool { return reachable(a) && near(a) }):
		return "only public addresses"
	}
	return ""
}

// near tells whether an address is one of a local network.
func near(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() }

// askable picks the interfaces for a question: the ones named, else all of a local network.
func askable(all []iface, names []string) (choice, error) {
	var c choice
	for _, i := range all {
		switch {
		case len(names) > 0 && !slices.Contains(names, i.Name):
		case len(names) == 0 && (i.Flags&net.FlagMulticast == 0 || i.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0 || len(i.addrs) == 0):
		default:
			c.ifaces = append(c.ifaces, i)
			c.v4 = c.v4 || slices.ContainsFunc(i.addrs, netip.Addr.Is4)
			c.v6 = c.v6 || slices.ContainsFunc(i.addrs, netip.Addr.Is6)
		}
	}
	switch {
	case len(c.ifaces) > 0:
		return c, nil
	case len(names) > 0:
		return c, &NoInterface{"no such interface, or it is down: " + strings.Join(names, ", ")}
	}
	return c, &NoInterface{"no network interface here carries multicast: name one, or give the device host and port by hand"}
}
