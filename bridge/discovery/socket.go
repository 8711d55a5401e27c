package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/logging"
	"github.com/pion/mdns/v2"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

var (
	group4 = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}
	group6 = &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: 5353}
)

// sockets are those of one choice of interfaces, with the library that answers and asks on them.
type sockets struct {
	on   choice
	v4   *ipv4.PacketConn // nil = family not used
	v6   *ipv6.PacketConn
	conn *mdns.Conn // owns v4 and v6
}

// open opens them. host is the name that address questions are answered for; "" = none.
func open(on choice, host string, log *slog.Logger) (*sockets, error) {
	s := &sockets{on: on}
	var errs []error
	if on.v4 {
		if c, err := net.ListenUDP("udp4", group4); err != nil {
			errs = append(errs, err)
		} else {
			s.v4 = ipv4.NewPacketConn(c)
			_ = s.v4.SetMulticastTTL(255) // RFC 6762, section 11; the default does too
		}
	}
	if on.v6 {
		if c, err := net.ListenUDP("udp6", group6); err != nil {
			errs = append(errs, err)
		} else {
			s.v6 = ipv6.NewPacketConn(c)
			_ = s.v6.SetMulticastHopLimit(255)
		}
	}
	if s.v4 == nil && s.v6 == nil {
		return nil, fmt.Errorf("multicast DNS: %w", errors.Join(errs...))
	}
	var err error
	if s.conn, err = mdns.NewServer(s.v4, s.v6, s.options(host, log)...); err != nil {
		s.closeRaw()
		return nil, fmt.Errorf("multicast DNS: %w", err)
	}
	return s, nil
}

func (s *sockets) options(host string, log *slog.Logger) []mdns.ServerOption {
	types := []dnsmessage.Type{dnsmessage.TypePTR, dnsmessage.TypeSRV, dnsmessage.TypeTXT}
	if s.v4 != nil {
		types = append(types, dnsmessage.TypeA)
	}
	if s.v6 != nil { // nobody is told an address of a family that the bridge does not speak
		types = append(types, dnsmessage.TypeAAAA)
	}
	o := []mdns.ServerOption{
		mdns.WithLoggerFactory(loggers{log}), mdns.WithRecordTypes(types...), mdns.WithCacheRefresh(false),
		mdns.WithIncludeLoopback(slices.ContainsFunc(s.on.ifaces, iface.loopback)),
	}
	plain := make([]net.Interface, 0, len(s.on.ifaces))
	for _, i := range s.on.ifaces {
		plain = append(plain, i.Interface)
	}
	o = append(o, mdns.WithInterfaces(plain...))
	if s.on.addr.IsValid() {
		o = append(o, mdns.WithLocalAddress(s.on.addr.AsSlice()))
	}
	if host != "" {
		o = append(o, mdns.WithLocalNames(host+".local"))
	}
	return o
}

// send writes a message to the group on one interface, by each family that is used. It is an error if none took it.
func (s *sockets) send(i iface, message []byte) error {
	var errs []error
	sent := false
	if s.v4 != nil && slices.ContainsFunc(i.addrs, netip.Addr.Is4) {
		_, err := s.v4.WriteTo(message, &ipv4.ControlMessage{IfIndex: i.Index}, group4)
		sent, errs = err == nil, append(errs, err)
	}
	if s.v6 != nil && slices.ContainsFunc(i.addrs, netip.Addr.Is6) {
		_, err := s.v6.WriteTo(message, &ipv6.ControlMessage{IfIndex: i.Index}, group6)
		sent, errs = sent || err == nil, append(errs, err)
	}
	if sent {
		return nil
	}
	return errors.Join(errs...)
}

func (s *sockets) close() { _ = s.conn.Close() }

func (s *sockets) closeRaw() {
	if s.v4 != nil {
		_ = s.v4.Close()
	}
	if s.v6 != nil {
		_ = s.v6.Close()
	}
}

// loggers gives the library a logger. What it warns of, strangers on the network can cause: it is for debugging.
type loggers struct{ log *slog.Logger }

func (l loggers) NewLogger(string) logging.LeveledLogger { return logger(l) }

type logger struct{ log *slog.Logger }

func (l logger) Trace(string)                  {}
func (l logger) Tracef(string, ...any)         {}
func (l logger) Debug(string)                  {}
func (l logger) Debugf(string, ...any)         {}
func (l logger) Info(m string)                 { l.log.Debug("mdns: " + m) }
func (l logger) Infof(format string, a ...any) { l.printf(format, a...) }
func (l logger) Warn(m string)                 { l.log.Debug("mdns: " + m) }
func (l logger) Warnf(format string, a ...any) { l.printf(format, a...) }
func (l logger) Error(m string)                { l.log.Debug("mdns: " + m) }
func (l logger) Errorf(format string, a ...any) {
	l.printf(format, a...)
}

func (l logger) printf(format string, a ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("mdns: " + fmt.Sprintf(format, a...))
	}
}
