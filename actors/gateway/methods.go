package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawdbot/gateway/actors/account"
	"github.com/clawdbot/gateway/actors/approvals"
	"github.com/clawdbot/gateway/actors/board"
	"github.com/clawdbot/gateway/actors/config"
	"github.com/clawdbot/gateway/actors/cron"
	"github.com/clawdbot/gateway/actors/health"
	"github.com/clawdbot/gateway/actors/importer"
	"github.com/clawdbot/gateway/actors/mcp"
	"github.com/clawdbot/gateway/actors/models"
	"github.com/clawdbot/gateway/actors/node"
	"github.com/clawdbot/gateway/actors/outbox"
	"github.com/clawdbot/gateway/actors/pairing"
	"github.com/clawdbot/gateway/actors/presence"
	"github.com/clawdbot/gateway/actors/session"
	"github.com/clawdbot/gateway/actors/skills"
	"github.com/clawdbot/gateway/actors/usage"
	"github.com/clawdbot/gateway/actors/wizard"
	"github.com/clawdbot/gateway/transport/wire"
)

// methodTable merges the tables of all owners.
func (g *Gateway) methodTable() (wire.Table, error) {
	t := g.tree
	table, err := wire.Merge(
		health.Methods(t.health), presence.Methods(t.presence), config.Methods(t.config), wizard.Methods(t.wizard),
		account.Methods(t.accounts, g.configured, g.envToken), cron.Methods(t.cron), outbox.Methods(t.outbox), pairing.Methods(t.pairing),
		session.Methods(t.sessions, g.sessionOptions()), node.Methods(t.nodes, g.nodeOptions()), models.Methods(t.models),
		board.Methods(t.board, g.boardOptions()), approvals.Methods(t.approvals),
		skills.Methods(t.skills), mcp.Methods(t.mcp, t.servers),
		importer.Methods(g.imports), wire.Table{g.actorsList()}, g.providerMethods(), wire.Table{g.browserRequest()}, usage.Methods(t.ledger), g.o.Methods,
	)
	if err != nil {
		return nil, err
	}
	table = g.imports.Guard(table)
	t.methods = make(map[string]wire.Method, len(table))
	for _, m := range table {
		if m.Strict && !wire.IsStrict(m.Name) {
			return nil, fmt.Errorf("method %q has no schema; make it with wire.Loose", m.Name)
		}
		t.methods[m.Name] = m
	}
	t.names = listed(table)
	return table, nil
}

// listed puts the names in the protocol's order, additions behind them, and what an embedder adds last.
func listed(table wire.Table) []string {
	var names, own []string
	known := append(wire.Methods(), wire.Additions()...)
	for _, m := range table {
		if !slices.Contains(known, m.Name) {
			own = append(own, m.Name)
		}
	}
	for _, name := range known {
		if slices.ContainsFunc(table, func(m wire.Method) bool { return m.Name == name }) {
			names = append(names, name)
		}
	}
	return append(names, own...)
}

// Call calls a method from inside the process, as an operator. The payload is decoded into result unless that is
// nil. Errors of the method are *wire.Error.
func (g *Gateway) Call(ctx context.Context, method string, params, result any) error {
	raw := []byte("{}")
	if params != nil {
		var err error
		if raw, err = wire.Marshal(params); err != nil {
			return fmt.Errorf("encode params of %s: %w", method, err)
		}
	}
	payload, err := g.call(ctx, method, raw)
	if err != nil || result == nil {
		return err
	}
	return wire.Unmarshal(payload, result)
}

func (g *Gateway) call(ctx context.Context, method string, params []byte) (wire.Raw, error) {
	m, ok := g.tree.methods[method]
	if !ok {
		return nil, wire.InvalidRequest("unknown method: %s", method)
	}
	if m.Strict {
		if err := wire.Validate(method, params); err != nil {
			return nil, err
		}
	}
	done := make(chan wire.Result, 1)
	m.Handle(&wire.Call{
		ID: "local", Method: method, Params: params,
		Peer: wire.Peer{ConnID: "local", Name: "gateway", Mode: "backend", Local: true},
		Respond: func(r wire.Result) {
			if r.More {
				return
			}
			select {
			case done <- r:
			default: // answered already
			}
		},
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return wire.AppendPayload(nil, r.Payload)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// actorsList is the inspector's method, an addition to the protocol.
func (g *Gateway) actorsList() wire.Method {
	return wire.Strict("actors.list", func(c *wire.Call, _ wire.NoParams) {
		r := wire.ActorsListResult{TS: time.Now().UnixMilli(), Actors: []wire.ActorInfo{}}
		for _, a := range g.system.Inspect() {
			lastPanic, _, _ := strings.Cut(a.LastPanic, "\n") // the stack is for the log
			r.Actors = append(r.Actors, wire.ActorInfo{
				Path: a.Path, Parent: a.Parent, Kind: a.Kind, State: a.State, Depth: int64(a.Depth), Bytes: a.Bytes,
				OldestMs: a.Oldest.Milliseconds(), Current: a.Current, CurrentForMs: a.CurrentFor.Milliseconds(),
				Handled: int64(a.Handled), Restarts: int64(a.Restarts), Dropped: int64(a.Dropped), LastPanic: lastPanic,
				Generation: int64(a.Generation), StartedAt: a.Started.UnixMilli(),
			})
		}
		c.OK(r)
	})
}
