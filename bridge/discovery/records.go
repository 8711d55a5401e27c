package discovery

import (
	"fmt"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	browseTTL = 4500 // seconds, of what does not depend on this machine's address (RFC 6762, section 10)
	hostTTL   = 120  // seconds, of what does
	// unique marks a record of which there is one: who has another forgets it.
	unique = 1 << 15
)

// announcement is the message that says what there is, unasked; with goodbye, that it is no more. The library answers
// questions and says neither.
func (s Service) announcement(addrs []netip.Addr, goodbye bool) ([]byte, error) {
	kind, err := dnsmessage.NewName(Type + ".local.")
	if err != nil {
		return nil, err
	}
	name, err := dnsmessage.NewName(s.Instance + "." + Type + ".local.")
	if err != nil {
		return nil, fmt.Errorf("instance name: %w", err)
	}
	host, err := dnsmessage.NewName(s.Host + ".local.")
	if err != nil {
		return nil, fmt.Errorf("host name: %w", err)
	}
	head := func(n dnsmessage.Name, class dnsmessage.Class, ttl uint32) dnsmessage.ResourceHeader {
		if goodbye {
			ttl = 0
		}
		return dnsmessage.ResourceHeader{Name: n, Class: dnsmessage.ClassINET | class, TTL: ttl}
	}
	answers := []dnsmessage.Resource{
		{Header: head(kind, 0, browseTTL), Body: &dnsmessage.PTRResource{PTR: name}},
		{Header: head(name, unique, hostTTL), Body: &dnsmessage.SRVResource{Port: uint16(s.Port), Target: host}},
		{Header: head(name, unique, hostTTL), Body: &dnsmessage.TXTResource{TXT: s.strings()}},
	}
	for _, a := range addrs {
		if goodbye { // the machine stays
			break
		}
		var body dnsmessage.ResourceBody = &dnsmessage.AAAAResource{AAAA: a.As16()}
		if a.Is4() {
			body = &dnsmessage.AResource{A: a.As4()}
		}
		answers = append(answers, dnsmessage.Resource{Header: head(host, unique, hostTTL), Body: body})
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true, Authoritative: true}, Answers: answers}
	return m.Pack()
}

func (s Service) strings() []string {
	all := make([]string, 0, len(s.Text))
	for _, t := range s.Text {
		all = append(all, t.Key+"="+t.Value)
	}
	return all
}
