package usage

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/clawdbot/gateway/actors/agent"
	"github.com/clawdbot/gateway/actors/store"
	"github.com/clawdbot/gateway/transport/wire"
)

const (
	bucket  = "usage"
	daysKey = "days" // the list of days that there are; each is a key of its own
	// keepDays is how many days are kept, today included.
	keepDays = 35
	// maxModels bounds the models that are counted by name on one day for one trigger.
	maxModels = 100
	others    = "others"
)

// Triggers are what limits are set for, as the configuration has them.
var Triggers = []string{"chat", "cron", "heartbeat", "hook", "node"}

// Limit bounds one run and one day; 0 = no limit. Costs are in US dollars.
type Limit struct {
	RunTokens, DayTokens int64
	RunCost, DayCost     float64
}

// Options for New.
type Options struct {
	Store *store.Store
	Log   *slog.Logger
	// Limits are those of a trigger in the configuration in force. It must not block.
	Limits func(trigger string) Limit
	// Unpriced are the models that are chosen to answer and whose price is not known; nil = none. It must not block.
	Unpriced func() []string
	// Now tells the time. The day is that of its zone; nil = time.Now.
	Now func() time.Time
}

// Ledger is what was taken. It may be used from any goroutine.
type Ledger struct {
	o Options

	mu     sync.Mutex
	warned map[string]string // guarded by mu; by trigger and model, the day on which it was said that there is no price
}

// New makes one.
func New(o Options) *Ledger {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{o: o, warned: map[string]string{}}
}

// count is an amount as the store has it.
type count struct {
	Runs       int64   `json:"runs,omitempty"`
	Requests   int64   `json:"requests,omitempty"`
	Input      int64   `json:"input,omitempty"`
	Output     int64   `json:"output,omitempty"`
	CacheRead  int64   `json:"cacheRead,omitempty"`
	CacheWrite int64   `json:"cacheWrite,omitempty"`
	CostUSD    float64 `json:"costUsd,omitempty"`
	Unpriced   int64   `json:"unpriced,omitempty"` // tokens
}

func (c count) tokens() int64 { return c.Input + c.Output + c.CacheRead + c.CacheWrite }

func (c count) plus(d count) count {
	return count{
		c.Runs + d.Runs, c.Requests + d.Requests, c.Input + d.Input, c.Output + d.Output, c.CacheRead + d.CacheRead, c.CacheWrite + d.CacheWrite,
		c.CostUSD + d.CostUSD, c.Unpriced + d.Unpriced,
	}
}

// counted is what one request took.
func counted(s agent.Spent) count {
	u := s.Usage
	c := count{Requests: 1, Input: u.Input, Output: u.Output, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, CostUSD: s.Cost}
	if s.Unpriced {
		c.Unpriced = c.tokens()
	}
	return c
}

// day is what one day took, by trigger and model.
type day map[string]map[string]count

func (d day) of(trigger string) (sum count) {
	for _, c := range d[trigger] {
		sum = sum.plus(c)
	}
	return sum
}

func (d day) total() (sum count) {
	for trigger := range d {
		sum = sum.plus(d.of(trigger))
	}
	return sum
}

func (d day) add(trigger, model string, c count) {
	models := d[trigger]
	if models == nil {
		models = map[string]count{}
		d[trigger] = models
	}
	if _, known := models[model]; !known && len(models) >= maxModels {
		model = others
	}
	models[model] = models[model].plus(c)
}

// today is the name of the day that a moment is in, and when that ends.
func today(now time.Time) (name string, ends time.Time) {
	y, m, d := now.Date()
	return now.Format(time.DateOnly), time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())
}

func readDay(v *store.View, name string) (day, error) {
	raw, found, err := v.Get(bucket, name)
	if err != nil || !found {
		return day{}, err
	}
	d := day{}
	return d, wire.Unmarshal(raw, &d)
}

func readDays(v *store.View) (names []string, err error) {
	raw, found, err := v.Get(bucket, daysKey)
	if err != nil || !found {
		return nil, err
	}
	return names, wire.Unmarshal(raw, &names)
}

// add counts what a trigger's run took, by model, within a commit.
func add(tx *store.Tx, name, trigger string, by map[string]count) error {
	d, err := readDay(&tx.View, name)
	if err != nil {
		return err
	}
	if len(d) == 0 {
		if err := begin(tx, name); err != nil {
			return err
		}
	}
	for model, c := range by {
		d.add(trigger, model, c)
	}
	return put(tx, name, d)
}

// begin lists a new day, and forgets those that are too old.
func begin(tx *store.Tx, name string) error {
	names, err := readDays(&tx.View)
	if err != nil {
		return err
	}
	if !slices.Contains(names, name) {
		names = append(names, name)
		slices.Sort(names) // the clock may have been wrong
	}
	for len(names) > keepDays {
		if err := tx.Delete(bucket, names[0]); err != nil {
			return err
		}
		names = names[1:]
	}
	return put(tx, daysKey, names)
}

func put(tx *store.Tx, key string, v any) error {
	raw, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Put(bucket, key, raw)
}

// used is what a trigger has taken today.
func (l *Ledger) used(ctx context.Context, name, trigger string) (c count, err error) {
	err = l.o.Store.View(ctx, func(v *store.View) error {
		d, err := readDay(v, name)
		c = d.of(trigger)
		return err
	})
	return c, err
}

// warn says, once a day for a trigger and a model, that its cost is not limited.
func (l *Ledger) warn(day, trigger, model string) {
	l.mu.Lock()
	key := trigger + " " + model
	said := l.warned[key] == day
	if !said {
		if len(l.warned) >= maxModels*len(Triggers) {
			clear(l.warned)
		}
		l.warned[key] = day
	}
	l.mu.Unlock()
	if !said {
		l.o.Log.Warn("a limit of cost does not hold: the model has no price", "model", model, "limits", "agent.limits."+trigger,
			"advice", priceAdvice)
	}
}

const priceAdvice = "set its cost under models.providers, or limit tokens"
