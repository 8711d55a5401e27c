package whatsapp

import (
	"fmt"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// address is how the rest of the gateway writes a chat or a person: "+49…" for a phone number, else the platform's id
// without a device.
func address(j types.JID) string {
	j = j.ToNonAD()
	if j.Server == types.DefaultUserServer || j.Server == types.LegacyUserServer {
		return "+" + j.User
	}
	return j.String()
}

// target makes the platform's id of what people and stored routes call a chat: a phone number in international form,
// with or without "whatsapp:" and marks between the digits, or an id with a server.
func target(chat string) (types.JID, error) {
	s := strings.TrimSpace(chat)
	if cut, ok := strings.CutPrefix(strings.ToLower(s), "whatsapp:"); ok {
		s = strings.TrimSpace(cut)
	}
	if strings.Contains(s, "@") {
		j, err := types.ParseJID(s)
		if err == nil && j.User != "" && writable(j.Server) {
			return j.ToNonAD(), nil
		}
		return types.EmptyJID, fmt.Errorf("%q is no WhatsApp chat: give a phone number in international form or the id of a group", chat)
	}
	digits := onlyDigits(s)
	if len(digits) < 7 || len(digits) > 15 || strings.Trim(s, "+0123456789-()./ \u00a0") != "" {
		return types.EmptyJID, fmt.Errorf("%q is no phone number in international form, like +4917012345678", chat)
	}
	return types.NewJID(digits, types.DefaultUserServer), nil
}

func writable(server string) bool {
	switch server {
	case types.DefaultUserServer, types.HiddenUserServer, types.GroupServer:
		return true
	}
	return false
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// identity is who we are: by phone number, with the device, and by hidden id. Shared: the number is on its own allowlist.
type identity struct {
	pn, lid types.JID
	shared  bool
}

func (i identity) is(j types.JID) bool {
	return j.User != "" && (j.User == i.pn.User && j.Server != types.HiddenUserServer || j.User == i.lid.User && j.Server == types.HiddenUserServer)
}

// String names us for a person.
func (i identity) String() string { return address(i.pn) }
