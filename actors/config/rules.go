package config

import (
	"math"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rules is the `rule` tag of a field: comma-separated conditions on its value.
//
//	min=N max=N above=N   bounds of a number
//	enum=a|b              the strings allowed
//	account               besides them, one of several accounts of a surface: "telegram:work"
//	required              the key must be there
//	usable                a credential: not blank, "undefined" or "null"
//	hex6                  a colour, "#" optional
//	every                 an interval: <number>[ms|s|m|h], minutes without a unit
//	loopback              a URL on this machine
//	keys=surface          the keys of a map are surfaces
//	open                  on a blank field: the section may have further keys, which are not ours to judge
type rules string

func (r rules) get(name string) string {
	for c := range strings.SplitSeq(string(r), ",") {
		if k, v, _ := strings.Cut(c, "="); k == name {
			return v
		}
	}
	return ""
}

func (r rules) has(name string) bool { return slices.Contains(strings.Split(string(r), ","), name) }

var surfaces = []string{"whatsapp", "telegram", "discord", "slack", "signal", "imessage", "webchat"}

func isSurface(s string) bool { return slices.Contains(surfaces, s) }

// isAccount tells the name of one of several accounts of a surface. WhatsApp has one.
func isAccount(s string) bool {
	base, name, _ := strings.Cut(s, ":")
	return name != "" && isSurface(base) && base != "whatsapp" && base != "webchat"
}

// text checks a string against the rules and reports the first that it breaks.
func (d *decoder) text(path, s string, r rules) bool {
	switch {
	case r.get("enum") != "" && !slices.Contains(strings.Split(r.get("enum"), "|"), s) && !(r.has("account") && isAccount(s)):
		d.report(path, "must be one of %s", strings.ReplaceAll(r.get("enum"), "|", ", "))
	case r.has("usable") && Secret(s).unusable():
		d.report(path, `is blank, "undefined" or "null"; write a credential or remove the key`)
	case r.has("hex6") && !isHex6(s):
		d.report(path, "must be a colour of six hexadecimal digits, like #FF4500")
	case r.has("every") && !validEvery(s):
		d.report(path, `must be an interval like "30m", "90s" or "2h"`)
	case r.has("loopback") && s != "" && !isLoopbackURL(s):
		d.report(path, "must be a URL whose host is a loopback address (127.0.0.1, ::1, localhost)")
	default:
		return true
	}
	return false
}

func (d *decoder) number(path, text string, v reflect.Value, r rules) {
	x, err := strconv.ParseFloat(text, 64)
	whole := x == math.Trunc(x) && math.Abs(x) <= 1<<53
	switch least, most, above := r.get("min"), r.get("max"), r.get("above"); {
	case err != nil || v.Kind() == reflect.Int && !whole:
		d.report(path, "must be a whole number")
	case least != "" && x < bound(least) || most != "" && x > bound(most):
		if most == "" {
			d.report(path, "must be at least %s", least)
		} else {
			d.report(path, "must be between %s and %s", least, most)
		}
	case above != "" && x <= bound(above):
		d.report(path, "must be greater than %s", above)
	case v.Kind() == reflect.Int:
		v.SetInt(int64(x))
	default:
		v.SetFloat(x)
	}
}

func bound(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("config: bad bound in a rule tag: " + s)
	}
	return x
}

func isHex6(s string) bool {
	s = strings.TrimPrefix(s, "#")
	_, err := strconv.ParseUint(s, 16, 32)
	return len(s) == 6 && err == nil && s[0] != '+'
}

// isLoopbackURL is strict on purpose: what it passes receives the platform credentials.
func isLoopbackURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) {
		return false
	}
	return Loopback(u.Hostname())
}

// Loopback tells whether a host is this machine and no other can reach it.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// Interval is the time between two heartbeats; 0 = off.
func (h Heartbeat) Interval() time.Duration {
	d, _ := parseEvery(h.Every)
	return d
}

func validEvery(s string) bool {
	_, ok := parseEvery(s)
	return ok
}

func parseEvery(s string) (time.Duration, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return 0, true
	}
	digits := strings.TrimRight(s, "msh")
	unit, ok := map[string]time.Duration{
		"ms": time.Millisecond, "s": time.Second, "": time.Minute, "m": time.Minute, "h": time.Hour,
	}[s[len(digits):]]
	x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	d := x * float64(unit)
	if !ok || err != nil || !(x >= 0) || d > math.MaxInt64/2 {
		return 0, false
	}
	return time.Duration(d), true
}
