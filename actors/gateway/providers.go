package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

// settleLimit is how long an account may take to begin what it is told.
const settleLimit = 10 * time.Second

// providerMethods start and stop accounts by hand, additions to the protocol.
func (g *Gateway) providerMethods() wire.Table {
	return wire.Table{
		wire.Strict("providers.start", g.byHand(func(f providers.Factory, name string) error {
			g.stopped.Delete(name)
			return g.startAccount(f, name)
		})),
		wire.Strict("providers.stop", g.byHand(func(f providers.Factory, name string) error {
			g.stopped.Store(name, true)
			return g.startAccount(f, name)
		})),
		wire.Strict("providers.restart", g.byHand(func(f providers.Factory, name string) error {
			g.stopped.Delete(name)
			return g.startAccount(f, name)
		})),
	}
}

// byHand does something to one account and answers with how it is then.
func (g *Gateway) byHand(do func(f providers.Factory, name string) error) func(*wire.Call, wire.ProviderParams) {
	return func(c *wire.Call, p wire.ProviderParams) {
		f, name, err := g.find(p.Provider, p.Account)
		if err != nil {
			c.Fail(wire.InvalidRequest("%v", err))
			return
		}
		if err := do(f, name); err != nil {
			c.Fail(err)
			return
		}
		go func() { // the caller is not to wait for an account that hangs, and neither is anybody else
			ctx, cancel := context.WithTimeout(context.Background(), settleLimit)
			defer cancel()
			if err := account.Settle(ctx, g.tree.accounts, name); err != nil {
				c.Fail(fmt.Errorf("%s does not answer: %w", name, err))
				return
			}
			s, _ := g.tree.directory.Account(name)
			c.OK(s.Wire(time.Now()))
		}()
	}
}

// find is the account that a client names: a surface, with the account's name where there are several.
func (g *Gateway) find(provider, name string) (providers.Factory, string, error) {
	provider = strings.ToLower(strings.TrimSpace(provider))
	if provider == "imsg" {
		provider = "imessage"
	}
	surface, _, qualified := strings.Cut(provider, ":")
	i := slices.IndexFunc(g.o.Providers, func(f providers.Factory) bool { return f.Surface == surface })
	if i < 0 {
		return providers.Factory{}, "", fmt.Errorf("this gateway has no surface %q", surface)
	}
	full := provider
	if name != "" && !qualified && name != surface {
		full = surface + ":" + strings.TrimPrefix(name, surface+":")
	}
	names := g.setting().accounts(surface)
	switch {
	case slices.Contains(names, full):
		return g.o.Providers[i], full, nil
	case full == surface && len(names) == 1:
		return g.o.Providers[i], names[0], nil
	}
	return providers.Factory{}, "", fmt.Errorf("there is no account %q; accounts are %s", full, strings.Join(names, ", "))
}

// perform is the tool that is called like a surface: {"action": "react", ...}, with "account" where there are several.
// Without an action it lists what there is.
func (g *Gateway) perform(ctx context.Context, name string, args wire.Raw) (wire.Raw, error) {
	var keys map[string]json.RawMessage
	if len(args) > 0 {
		if err := wire.Unmarshal(args, &keys); err != nil {
			return nil, fmt.Errorf("tool %s: the parameters are not a JSON object", name)
		}
	}
	var action, which string
	for key, to := range map[string]*string{"action": &action, "account": &which} {
		if raw, ok := keys[key]; ok && wire.Unmarshal(raw, to) != nil {
			return nil, fmt.Errorf("tool %s: %s is not a text", name, key)
		}
		delete(keys, key)
	}
	_, full, err := g.find(name, which)
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", name, err)
	}
	params, err := wire.Marshal(keys)
	if err != nil {
		return nil, err
	}
	if keys == nil {
		params = []byte("{}")
	}
	ctx, cancel := context.WithTimeout(ctx, 70*time.Second) // the account's own limit comes first
	defer cancel()
	result, err := actors.Ask(ctx, g.tree.accounts, func(r actors.Reply[any]) account.Message {
		return account.Perform{Reply: r, Account: full, Action: action, Params: params, Once: new(atomic.Bool)}
	})
	if err != nil {
		return nil, fmt.Errorf("tool %s: %w", name, err)
	}
	return wire.Marshal(result)
}

// deaf lists the accounts that seem to hear nothing.
func (g *Gateway) deaf() (all []string) {
	for _, s := range g.tree.directory.States() {
		if s.Deaf != "" {
			all = append(all, s.Account+" is deaf: "+s.Deaf)
		}
	}
	return all
}
