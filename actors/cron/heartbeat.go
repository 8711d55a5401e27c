package cron

import (
	"context"
	"time"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/actors/store"
)

// HeartbeatProps describes the actor "heartbeat".
func HeartbeatProps(o Options) actors.Props[HeartbeatMessage] {
	o = o.withDefaults()
	made, first := time.Now(), true
	return actors.Props[HeartbeatMessage]{
		Kind: "heartbeat",
		New: func() actors.Behavior[HeartbeatMessage] {
			since := time.Now()
			if first { // a run that was left over may end before this actor stands
				since, first = made, false
			}
			return &heartbeat{o: &o, since: since.UnixMilli()}
		},
		Restart: actors.Restart{Min: 10 * time.Millisecond, Max: 5 * time.Second, Window: time.Minute, Limit: 20},
	}
}

type heartbeat struct {
	o        *Options
	interval int // number of the interval timer that counts
	timer    int // number of the timer of the next beat that counts
	armed    bool
	reason   string // of the beat that is asked for; "" = none
	trying   bool   // one is being begun
	running  string // run id of the one in progress
	checking func() // cancels the next look at it
	since    int64  // an end from then on, in ms, is not reported yet
}

// Start takes up the heartbeat that was in progress, so that no second one begins beside it.
func (h *heartbeat) Start(c *actors.Context[HeartbeatMessage]) error {
	h.trying = true
	h.look(c, true)
	h.tickIn(c)
	return nil
}

func (h *heartbeat) Receive(c *actors.Context[HeartbeatMessage], m HeartbeatMessage) error {
	switch m := m.(type) {
	case Beat:
		h.ask(c, m.Reason, coalesce)
	case ReloadHeartbeat:
		h.tickIn(c)
	case tick:
		if m.timer == h.interval {
			h.tickIn(c)
			h.ask(c, "interval", 0)
		}
	case fire:
		if m.timer == h.timer {
			h.armed = false
			h.begin(c)
		}
	case begun:
		h.onBegun(c, m)
	case check:
		if h.running != "" {
			h.look(c, false)
		}
	case ending:
		h.onEnding(c, m)
	}
	return nil
}

// tickIn starts the interval anew.
func (h *heartbeat) tickIn(c *actors.Context[HeartbeatMessage]) {
	h.interval++
	if every := h.o.Config().Heartbeat.Every; every > 0 {
		c.After(every, tick{h.interval})
	}
}

// ask notes the reason; the beat comes after d, or when the one in progress is over.
func (h *heartbeat) ask(c *actors.Context[HeartbeatMessage], reason string, d time.Duration) {
	h.reason = reason
	if !h.armed {
		h.arm(c, d)
	}
}

func (h *heartbeat) arm(c *actors.Context[HeartbeatMessage], d time.Duration) {
	h.timer++
	h.armed = true
	c.After(d, fire{h.timer})
}

func (h *heartbeat) begin(c *actors.Context[HeartbeatMessage]) {
	if h.reason == "" || h.trying || h.running != "" {
		return // asked again when that is over
	}
	h.trying = true
	reason := h.reason
	h.reason = ""
	actors.Pipe(c, func(ctx context.Context) (begun, error) {
		select { // before everybody is there, a request waits
		case <-h.o.Ready:
		case <-ctx.Done():
			return begun{}, ctx.Err()
		}
		b, how, err := h.o.beginBeat(ctx, reason)
		return begun{beat: b, how: how}, err
	}, func(m begun, err error) HeartbeatMessage {
		m.beat.Reason, m.err = reason, err
		return m
	})
}

func (h *heartbeat) onBegun(c *actors.Context[HeartbeatMessage], m begun) {
	h.trying = false
	switch {
	case m.err != nil, m.how == busy:
		if m.err != nil {
			c.Log().Warn("heartbeat not begun, trying again", "err", m.err)
		}
		if h.reason == "" {
			h.reason = m.beat.Reason
		}
		h.arm(c, busyRetry)
	case m.how == on:
		h.running = m.beat.RunID
		h.checkLater(c)
		h.o.Work(h.o.MainKey())
	default:
		h.more(c)
	}
}

// look asks the store whether the heartbeat in progress has ended.
func (h *heartbeat) look(c *actors.Context[HeartbeatMessage], first bool) {
	actors.Pipe(c, func(ctx context.Context) (m ending, err error) {
		err = h.o.Store.View(ctx, func(v *store.View) error {
			if m.beat, err = lastBeat(v); err != nil || m.beat.RunID == "" {
				return err
			}
			row, err := v.Run(m.beat.RunID)
			m.open = row != nil && (row.State == store.RunAccepted || row.State == store.RunRunning)
			return err
		})
		return m, err
	}, func(m ending, err error) HeartbeatMessage {
		m.first, m.err = first, err
		return m
	})
}

func (h *heartbeat) onEnding(c *actors.Context[HeartbeatMessage], m ending) {
	if m.first {
		h.trying = false
		if m.err == nil && (m.open || m.beat.Event != nil && m.beat.Event.TS >= h.since) { // or ended just now
			h.running = m.beat.RunID
		}
	}
	switch {
	case h.running == "":
		h.more(c)
	case m.err != nil || m.open:
		h.checkLater(c)
	case m.beat.RunID == h.running:
		h.running = ""
		if m.beat.Event != nil {
			h.o.Report(*m.beat.Event)
		}
		h.more(c)
	}
}

// checkLater finds an end that nobody spoke of.
func (h *heartbeat) checkLater(c *actors.Context[HeartbeatMessage]) {
	if h.checking != nil {
		h.checking()
	}
	h.checking = c.After(h.o.Sweep, check{})
}

// more begins what was asked for meanwhile.
func (h *heartbeat) more(c *actors.Context[HeartbeatMessage]) {
	if h.reason != "" && !h.armed {
		h.arm(c, coalesce)
	}
}
