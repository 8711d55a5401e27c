package why

import (
	"slices"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	maxCandidates = 20   // that are listed
	maxNarrowed   = 1000 // looked through for those of one account or chat
	maxRecent     = 2000 // runs that are tried by the id they have on the wire
	maxRows       = 200  // of anything in one way
)

// Prefixes of refs: an id that means one thing alone.
const (
	refIn   = "in:"
	refOut  = "out:"
	refRun  = "run:"
	refSend = "send:"
)

// sendScope is the scope of the idempotency keys of send; its rows in the outbox have the keys send:<key>#<part>.
const sendScope = "send"

// hit is one thing that an id means. Exactly one of the four is set.
type hit struct {
	in   *store.Inbound
	out  *store.OutItem
	run  *store.Run
	send string // idempotency key
}

// ref is the id that means this hit alone. Two hits of one ref are one.
func (h hit) ref() string {
	switch {
	case h.in != nil:
		return refIn + strconv.FormatInt(h.in.Seq, 10)
	case h.out != nil:
		return refOut + strconv.FormatInt(h.out.ID, 10)
	case h.run != nil:
		return refRun + h.run.ID
	}
	return refSend + h.send
}

// search is a question on its way.
type search struct {
	v *store.View
	p wire.WhyParams
}

// find lists what the id means, at most one more than maxCandidates.
func (s search) find() ([]hit, error) {
	if hits, is, err := s.byRef(); is || err != nil {
		return hits, err
	}
	var all []hit
	for _, step := range []func() ([]hit, error){s.runs, s.calls, s.outbound, s.inbound} {
		hits, err := step()
		if err != nil {
			return nil, err
		}
		all = append(all, hits...)
	}
	if len(all) == 0 {
		var err error
		if all, err = s.byWireID(); err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(h hit) bool { return !s.wanted(h) })
	return all[:min(len(all), maxCandidates+1)], nil
}

// byRef takes the id for a ref. is: it is one.
func (s search) byRef() (hits []hit, is bool, err error) {
	kind, id, _ := strings.Cut(s.p.ID, ":")
	n, numErr := strconv.ParseInt(id, 10, 64)
	var h hit
	switch kind += ":"; {
	case kind == refIn && numErr == nil:
		h.in, err = s.v.InboundBySeq(n)
	case kind == refOut && numErr == nil:
		h.out, err = s.v.OutByID(n)
	case kind == refRun:
		h.run, err = s.v.Run(id)
	case kind == refSend:
		hits, err = s.call(id)
		return hits, len(hits) > 0, err // else the key of an item, perhaps
	default:
		return nil, false, nil
	}
	if h == (hit{}) {
		return nil, true, err
	}
	return []hit{h}, true, err
}

// runs: the id of a run, or the key of the call that made one.
func (s search) runs() (hits []hit, err error) {
	for _, id := range []string{s.p.ID, string(agent.KindAgent) + ":" + s.p.ID, string(agent.KindChat) + ":" + s.p.ID} {
		run, err := s.v.Run(id)
		if err != nil {
			return nil, err
		}
		if run != nil {
			hits = append(hits, hit{run: run})
		}
	}
	return hits, nil
}

func (s search) calls() ([]hit, error) { return s.call(s.p.ID) }

// call: the key of a send, known while its outcome is kept or its rows are.
func (s search) call(key string) ([]hit, error) {
	k, err := s.v.Key(sendScope, key)
	if err != nil || k != nil {
		return []hit{{send: key}}, err
	}
	rows, err := s.v.OutParts(refSend+key, 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return []hit{{send: key}}, nil
}

// outbound: an item's number or key, or what the platform calls it.
func (s search) outbound() (hits []hit, err error) {
	items, err := s.v.OutByReceipt(s.p.ID, s.limit())
	if err != nil {
		return nil, err
	}
	for i := range items {
		hits = append(hits, hit{out: &items[i]})
	}
	byKey, err := s.v.OutByKey(s.p.ID)
	if err != nil {
		return nil, err
	}
	if byKey != nil {
		hits = append(hits, hit{out: byKey})
	}
	id, numErr := strconv.ParseInt(s.p.ID, 10, 64)
	if numErr != nil {
		return hits, nil
	}
	byID, err := s.v.OutByID(id)
	if err == nil && byID != nil {
		hits = append(hits, hit{out: byID})
	}
	return hits, err
}

// inbound: what the platform calls a message that came.
func (s search) inbound() (hits []hit, err error) {
	if s.p.Account != "" && s.p.Chat != "" { // its whole identity: this finds one of any age
		row, err := s.v.InboundOf(s.p.Account, s.p.Chat, s.p.ID)
		if err != nil || row != nil {
			return []hit{{in: row}}, err
		}
	}
	rows, err := s.v.InboundNamed(s.p.ID, s.limit())
	for i := range rows {
		hits = append(hits, hit{in: &rows[i]})
	}
	return hits, err
}

// byWireID: clients know the runs of messages and schedules by another id.
func (s search) byWireID() ([]hit, error) {
	if len(s.p.ID) != len("00000000-0000-5000-8000-000000000000") || s.p.ID[14] != '5' {
		return nil, nil
	}
	ids, err := s.v.LatestRuns(maxRecent)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if agent.WireID(id) == s.p.ID {
			run, err := s.v.Run(id)
			if err != nil || run == nil {
				return nil, err
			}
			return []hit{{run: run}}, nil
		}
	}
	return nil, nil
}

func (s search) limit() int {
	if s.p.Account != "" || s.p.Chat != "" {
		return maxNarrowed
	}
	return maxCandidates + 1
}

// wanted says whether a hit is in the account and the chat that were asked for.
func (s search) wanted(h hit) bool {
	if s.p.Account == "" && s.p.Chat == "" {
		return true
	}
	var account, surface, chat string
	switch {
	case h.in != nil:
		account, surface, chat = h.in.Account, h.in.Surface, h.in.Chat
	case h.out != nil:
		account, surface, chat = h.out.Account, h.out.Surface, h.out.Chat
	case h.run != nil:
		r := routeOf(*h.run)
		account, surface, chat = r.Account, r.Surface, r.Chat
	default:
		rows, err := s.v.OutParts(refSend+h.send, 1)
		if err != nil || len(rows) == 0 {
			return false
		}
		account, surface, chat = rows[0].Account, rows[0].Surface, rows[0].Chat
	}
	return (s.p.Account == "" || s.p.Account == account || s.p.Account == surface) && (s.p.Chat == "" || s.p.Chat == chat)
}

// routeOf is where the answer of a run goes; empty when it goes nowhere.
func routeOf(r store.Run) (to providers.Route) {
	if len(r.Route) > 0 && wire.Unmarshal(r.Route, &to) != nil {
		return providers.Route{}
	}
	return to
}
