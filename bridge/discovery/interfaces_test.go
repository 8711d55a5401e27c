package discovery

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// machine has an interface of each sort.
func machine() []iface {
	const lan = net.FlagUp | net.FlagMulticast | net.FlagBroadcast
	one := func(index int, name string, flags net.Flags, addrs ...string) iface {
		i := iface{Interface: net.Interface{Index: index, Name: name, Flags: flags, MTU: 1500}}
		for _, a := range addrs {
			i.addrs = append(i.addrs, netip.MustParseAddr(a))
		}
		return i
	}
	return []iface{
		one(1, "lo", net.FlagUp|net.FlagLoopback, "127.0.0.1", "::1"),
		one(2, "eth0", lan, "192.168.1.2", "fe80::1", "2001:db8::2"),
		one(3, "wlan0", lan, "10.0.0.7"),
		one(4, "wan0", lan, "8.8.8.8"),
		one(5, "tailscale0", net.FlagUp|net.FlagPointToPoint|net.FlagMulticast, "100.64.0.7"),
		one(6, "veth1", lan),
		one(7, "v6only", lan, "fd00::7"),
		one(8, "dumb0", net.FlagUp, "192.168.9.1"),
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listen string
		names  []string
		want   string // names of interfaces; "" = an error
		v4, v6 bool
	}{
		"lan":                 {"0.0.0.0", nil, "eth0 wlan0", true, false},
		"both families":       {"::", nil, "eth0 wlan0 v6only", true, true},
		"one address":         {"10.0.0.7", nil, "wlan0", true, false},
		"loopback":            {"127.0.0.1", nil, "", false, false},
		"tailnet":             {"100.64.0.7", nil, "", false, false},
		"public":              {"8.8.8.8", nil, "", false, false},
		"public, named":       {"8.8.8.8", []string{"wan0"}, "wan0", true, false},
		"loopback, named":     {"127.0.0.1", []string{"lo"}, "lo", true, false},
		"named and elsewhere": {"127.0.0.1", []string{"eth0"}, "", false, false},
		"named and missing":   {"0.0.0.0", []string{"eth7"}, "", false, false},
		"one of two":          {"0.0.0.0", []string{"wlan0", "eth7"}, "wlan0", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := choose(machine(), netip.MustParseAddr(c.listen), c.names)
			if strings.Join(got.names(), " ") != c.want {
				t.Errorf("on %v, want %q", got.names(), c.want)
			}
			if c.want != "" && (err != nil || got.v4 != c.v4 || got.v6 != c.v6) {
				t.Errorf("%+v, %v", got, err)
			}
			if no, ok := errors.AsType[*NoInterface](err); c.want == "" && (!ok || !strings.Contains(no.Reason, "(")) {
				t.Errorf("the error does not say why of each: %v", err)
			}
		})
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	all := machine()
	for _, c := range []struct {
		listen, iface string
		want          string
	}{{"0.0.0.0", "eth0", "192.168.1.2"}, {"::", "eth0", "192.168.1.2 fe80::1"}, {"::", "v6only", "fd00::7"}} {
		on, err := choose(all, netip.MustParseAddr(c.listen), []string{c.iface})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range on.tell(on.ifaces[0]) {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s on %s: %v, want %s", c.listen, c.iface, got, c.want)
		}
	}
}

func TestAskable(t *testing.T) {
	t.Parallel()
	got, err := askable(machine(), nil)
	if want := []string{"eth0", "wlan0", "wan0", "v6only"}; err != nil || !slices.Equal(got.names(), want) || !got.v4 || !got.v6 {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if got, err = askable(machine(), []string{"lo"}); err != nil || !slices.Equal(got.names(), []string{"lo"}) {
		t.Errorf("named: %v, %v", got, err)
	}
	for _, all := range [][]iface{machine()[:1], nil} {
		_, err = askable(all, nil)
		if _, ok := errors.AsType[*NoInterface](err); !ok {
			t.Errorf("%v: %v", all, err)
		}
	}
	if _, err = askable(machine(), []string{"eth9"}); err == nil || !strings.Contains(err.Error(), "eth9") {
		t.Errorf("an interface that is not there: %v", err)
	}
}
