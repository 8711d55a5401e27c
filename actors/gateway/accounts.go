package gateway

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// identityKeys say who an account is to its platform. A named account has its own or none: it never takes over those
// of the plain section.
var identityKeys = map[string][]string{
	"telegram": {"botToken", "tokenFile", "webhookUrl", "webhookSecret", "webhookPath"},
	"discord":  {"token"},
	"slack":    {"botToken", "appToken"},
	"signal":   {"account", "httpUrl", "httpHost", "httpPort"},
	"imessage": {"dbPath"},
}

// surfaceOf is the surface of an account: "telegram" for "telegram:work".
func surfaceOf(name string) string {
	surface, _, _ := strings.Cut(name, ":")
	return surface
}

// setting is a configuration with what it takes to see which accounts it asks for.
type setting struct {
	o   *Options
	env config.Env
	doc *config.Document
}

func (g *Gateway) setting() setting { return setting{&g.o, g.env, g.doc.Load()} }

// raw is the section of an account. That of a named one is the surface's with its own keys over it.
func (s setting) raw(name string) json.RawMessage {
	surface := surfaceOf(name)
	own := s.o.section(s.doc, surface)
	keys := map[string]json.RawMessage{}
	if wire.Unmarshal(own, &keys) != nil {
		return own
	}
	var accounts map[string]map[string]json.RawMessage
	_, several := identityKeys[surface]
	if several && keys["accounts"] != nil {
		_ = wire.Unmarshal(keys["accounts"], &accounts)
		delete(keys, "accounts")
	}
	if _, named, ok := strings.Cut(name, ":"); ok {
		for _, key := range identityKeys[surface] {
			delete(keys, key)
		}
		maps.Copy(keys, accounts[named])
	}
	if surface == "whatsapp" && keys["web"] == nil {
		keys["web"] = s.doc.Section("web")
	}
	b, err := wire.Marshal(keys)
	if err != nil {
		return own
	}
	return b
}

// getenv is the environment of an account: the tokens there are the plain section's.
func (s setting) getenv(name string) func(string) string {
	if !strings.Contains(name, ":") {
		return s.o.Getenv
	}
	hidden := tokens[surfaceOf(name)]
	return func(v string) string {
		if slices.ContainsFunc(hidden, func(t token) bool { return t.env == v }) {
			return ""
		}
		return s.o.Getenv(v)
	}
}

func (s setting) section(name string) section {
	surface := surfaceOf(name)
	sec := section{surface: surface, there: s.o.has(s.doc, surface), getenv: s.getenv(name), home: s.env.ExpandHome}
	if wire.Unmarshal(s.raw(name), &sec.keys) != nil {
		sec.keys = nil
	}
	return sec
}

// accounts are the names of a surface's accounts: the plain section's, unless there are only named ones, and these.
func (s setting) accounts(surface string) []string {
	var keys struct {
		Accounts map[string]json.RawMessage `json:"accounts"`
	}
	if _, several := identityKeys[surface]; !several || wire.Unmarshal(s.o.section(s.doc, surface), &keys) != nil {
		return []string{surface}
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(keys.Accounts)) {
		names = append(names, surface+":"+name)
	}
	if len(names) == 0 || s.section(surface).idle() == "" {
		names = append([]string{surface}, names...)
	}
	return names
}

// problems are what keeps the accounts from being what they are asked to be: a name that cannot be written, and two
// accounts that sign in as the same one, which would take each other's messages away.
func (s setting) problems() []config.Issue {
	all := s.certificateProblem()
	for surface := range identityKeys {
		seen := map[[sha256.Size]byte]string{}
		for _, name := range s.accounts(surface) {
			path := surface
			if _, named, ok := strings.Cut(name, ":"); ok {
				path += ".accounts." + named
				if !goodName(named) {
					all = append(all, config.Issue{Path: path, Message: "an account's name is small letters, digits, - and _"})
					continue
				}
			}
			sec := s.section(name)
			id, ok := sec.fingerprint()
			if sec.idle() != "" || !ok {
				continue
			}
			if other, taken := seen[id]; taken {
				all = append(all, config.Issue{Path: path, Message: "signs in with the credential of " + other + "; give each account its own, or disable one"})
				continue
			}
			seen[id] = path
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Path < all[j].Path })
	return all
}

func goodName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// fingerprint is the same for two accounts that are one to the platform; false where nothing tells.
func (s section) fingerprint() (id [sha256.Size]byte, ok bool) {
	var parts []string
	for _, t := range tokens[s.surface] {
		value, _ := s.token(t)
		parts = append(parts, strings.TrimSpace(strings.TrimPrefix(value, "Bot ")))
	}
	switch s.surface {
	case "slack":
		parts = parts[:1] // the app's token may be shared, the bot's is the account
	case "signal":
		parts = []string{s.text("account"), s.signalURL()}
	case "imessage":
		parts = []string{s.text("dbPath")}
	}
	if len(parts) == 0 {
		return id, false
	}
	return sha256.Sum256([]byte(strings.Join(parts, "\x00"))), true
}

// startAccounts tells the accounts what there is, surface by surface in the order of the factories.
func (g *Gateway) startAccounts() error {
	for _, f := range g.o.Providers {
		if err := g.startSurface(f); err != nil {
			return err
		}
	}
	return nil
}

// startSurface starts a surface's accounts with the configuration in force, or starts them anew. One that the
// configuration does not have any more ends.
func (g *Gateway) startSurface(f providers.Factory) error {
	names := g.setting().accounts(f.Surface)
	for _, name := range names {
		if err := g.startAccount(f, name); err != nil {
			return err
		}
	}
	for _, s := range g.tree.directory.States() {
		if s.Surface == f.Surface && !slices.Contains(names, s.Account) {
			if err := g.tree.accounts.Tell(account.Stop{Account: s.Account, Reason: "not configured"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// stoppedByHand is why an account that was stopped by providers.stop is not started.
const stoppedByHand = "stopped by hand"

func (g *Gateway) startAccount(f providers.Factory, name string) error {
	s := g.setting()
	start := account.Start{Account: name, Factory: f, Config: s.raw(name), Getenv: s.getenv(name)}
	_, stopped := g.stopped.Load(name)
	switch {
	case g.env.SkipProviders:
		start.Disabled = "CLAWDBOT_SKIP_PROVIDERS is set"
	case stopped:
		start.Disabled = stoppedByHand
	default:
		start.Disabled = s.section(name).idle()
	}
	g.tree.directory.Want(start)
	return g.tree.accounts.Tell(start)
}
