package why

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

// way is everything that belongs to one message.
type way struct {
	root string // the ref of what holds it together
	call *wire.WhyCall
	in   []store.Inbound
	runs []store.Run // the last one is that which answers
	out  []store.OutItem
	more bool
}

// Explain answers a question from one view of the tables. The error is a *wire.Error when nothing has this id.
func Explain(v *store.View, p wire.WhyParams) (wire.WhyResult, error) {
	p.ID, p.Account, p.Chat = strings.TrimSpace(p.ID), strings.TrimSpace(p.Account), strings.TrimSpace(p.Chat)
	s := search{v, p}
	hits, err := s.find()
	if err != nil {
		return wire.WhyResult{}, err
	}
	var ways []way
	var shown []hit
	for _, h := range hits {
		w, err := s.follow(h)
		if err != nil {
			return wire.WhyResult{}, err
		}
		if !slices.ContainsFunc(ways, func(o way) bool { return o.root == w.root }) {
			ways, shown = append(ways, w), append(shown, h)
		}
	}
	switch len(ways) {
	case 0:
		return wire.WhyResult{}, unknown(p)
	case 1:
		return s.show(ways[0])
	}
	return choice(p.ID, shown, len(hits) > maxCandidates), nil
}

// unknown says what would have been found.
func unknown(p wire.WhyParams) error {
	where := ""
	if p.Account != "" || p.Chat != "" {
		where = " there"
	}
	return wire.InvalidRequest("nothing is known of %q%s. Give the id that the platform has for a message, inbound or sent; the id of a run; a number of "+
		"outbox.list; or the idempotency key of a call. A message that never came is not known, nor one of more than 30 days ago, or sent more than 7 days ago",
		cut(p.ID, 80), where)
}

// follow finds what belongs to a hit.
func (s search) follow(h hit) (way, error) {
	switch {
	case h.run != nil:
		return s.ofRun(*h.run)
	case h.send != "":
		return s.ofSend(h.send)
	case h.in != nil:
		return s.ofInbound(*h.in)
	}
	return s.ofItem(*h.out)
}

func (s search) ofItem(it store.OutItem) (way, error) {
	if it.RunID != "" {
		if run, err := s.v.Run(it.RunID); err != nil || run != nil && strings.HasPrefix(it.Key, run.ID+"#") {
			if err != nil {
				return way{}, err
			}
			return s.ofRun(*run)
		}
	}
	key, _, _ := strings.Cut(it.Key, "#")
	if send, is := strings.CutPrefix(it.Key, refSend); is {
		return s.ofSend(send[:max(strings.LastIndexByte(send, '#'), 0)])
	}
	if n, is := strings.CutPrefix(key, "inbound:"); is {
		if seq, err := strconv.ParseInt(n, 10, 64); err == nil {
			if in, err := s.v.InboundBySeq(seq); err != nil || in != nil {
				if err != nil {
					return way{}, err
				}
				return s.ofInbound(*in)
			}
		}
	}
	return way{root: hit{out: &it}.ref(), out: []store.OutItem{it}}, nil
}

func (s search) ofSend(key string) (way, error) {
	w := way{root: refSend + key, call: &wire.WhyCall{Method: "send", IdempotencyKey: key}}
	k, err := s.v.Key(sendScope, key)
	if err != nil {
		return w, err
	}
	if err := s.addOut(&w, refSend+key); err != nil {
		return w, err
	}
	switch {
	case k != nil:
		w.call.At, w.call.DoneAt, w.call.Done = k.CreatedAt, k.DoneAt, k.DoneAt > 0
		if k.DoneAt > 0 && !k.Outcome.OK {
			w.call.Error = message(k.Outcome.Error)
		}
	case len(w.out) > 0: // the answer is kept for a day, the rows longer
		w.call.At = w.out[0].CreatedAt
		w.call.Done = !slices.ContainsFunc(w.out, func(it store.OutItem) bool { return open(it.State) })
	}
	return w, nil
}

func (s search) ofInbound(in store.Inbound) (way, error) {
	if in.State == store.InboundRouted && in.Note != "" {
		run, err := s.v.Run(in.Note)
		if err != nil {
			return way{}, err
		}
		if run != nil {
			return s.ofRun(*run)
		}
	}
	w := way{root: hit{in: &in}.ref(), in: []store.Inbound{in}}
	return w, s.addOut(&w, answerKey(in))
}

// answerKey is that of what the gateway itself says to a message.
func answerKey(in store.Inbound) string { return "inbound:" + strconv.FormatInt(in.Seq, 10) }

// ofRun goes on to the run that answered in its stead, if there is one, and back to all that it answers.
func (s search) ofRun(run store.Run) (way, error) {
	for range maxRows { // a part of a part is a part
		id := into(run)
		if id == "" {
			break
		}
		next, err := s.v.Run(id)
		if err != nil {
			return way{}, err
		}
		if next == nil {
			break
		}
		run = *next
	}
	w := way{root: refRun + run.ID}
	parts, err := s.v.RunsInto(run)
	if err != nil {
		return w, err
	}
	if w.more = len(parts) > maxRows; w.more {
		parts = parts[len(parts)-maxRows:]
	}
	w.runs = append(parts, run)
	for _, r := range w.runs {
		if err := s.addRun(&w, r); err != nil {
			return w, err
		}
	}
	sort.Slice(w.in, func(i, j int) bool { return w.in[i].Seq < w.in[j].Seq })
	sort.Slice(w.out, func(i, j int) bool { return w.out[i].ID < w.out[j].ID })
	return w, nil
}

// addRun adds the message that a run was made of, and what was said for it.
func (s search) addRun(w *way, r store.Run) error {
	if r.Kind == string(agent.KindInbound) {
		to := routeOf(r)
		in, err := s.v.InboundOf(to.Account, to.Chat, to.ReplyTo)
		if err != nil {
			return err
		}
		if in != nil {
			w.in = append(w.in, *in)
			if err := s.addOut(w, answerKey(*in)); err != nil {
				return err
			}
		}
	}
	return s.addOut(w, r.ID)
}

func (s search) addOut(w *way, key string) error {
	items, err := s.v.OutParts(key, maxRows+1)
	if err != nil {
		return err
	}
	sort.Slice(items, func(i, j int) bool { return items[i].ID < items[j].ID })
	if room := maxRows - len(w.out); len(items) > room {
		items, w.more = items[:max(room, 0)], true
	}
	w.out = append(w.out, items...)
	return nil
}

// into is the run that a run ended as a part of; "" = none.
func into(r store.Run) string {
	for _, prefix := range []string{"merged into ", "steered into "} {
		if id, is := strings.CutPrefix(r.Error, prefix); is && r.State == store.RunDone {
			return id
		}
	}
	return ""
}

func open(state string) bool { return state == store.OutQueued || state == store.OutSending }

// message is what an error's JSON says.
func message(raw []byte) string {
	var we wire.Error
	if wire.Unmarshal(raw, &we) != nil {
		return "unreadable"
	}
	return strings.TrimPrefix(we.Message, "Error: ")
}
