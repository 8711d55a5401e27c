package usage

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/clawdbot/gateway/transport/wire"
)

// Limited is the error of a run that has reached a limit. It is an agent.Refusal and an agent.Detailed.
type Limited struct {
	Reached  wire.LimitReached
	Unpriced int64 // tokens that are not in Used, for a limit of cost
	now      time.Time
}

// Details are the same for a program.
func (l *Limited) Details() any { return wire.LimitDetails{Limit: l.Reached} }

func (l *Limited) Error() string {
	r := l.Reached
	used, limit, of := amounts(r)
	var text string
	if r.Scope == "run" {
		text = fmt.Sprintf("the turn was stopped: it has taken %s, and a turn of %s may take %s (%s)", used, r.Trigger, limit, r.Setting)
	} else {
		ends := time.UnixMilli(r.EndsAt).In(l.now.Location())
		text = fmt.Sprintf("the limit of %s for %s is used up for today: %s of %s (%s). It ends at %s, in %s", of, r.Trigger, used, limit, r.Setting,
			ends.Format("15:04 MST"), left(ends.Sub(l.now)))
	}
	if l.Unpriced > 0 {
		text += fmt.Sprintf("; %s tokens of models without a price are not in it", grouped(l.Unpriced))
	}
	return text
}

// Tell is what people read in a chat. Others than the owner are told neither numbers nor settings.
func (l *Limited) Tell(owner bool) string {
	switch {
	case owner:
		return "⚠️ I had to stop: " + l.Error() + "."
	case l.Reached.Scope == "run":
		return "⚠️ I had to stop here: this took more than a single answer may."
	}
	return "⚠️ I cannot answer any more today: what was set aside for it is used up. I am back at " +
		time.UnixMilli(l.Reached.EndsAt).In(l.now.Location()).Format("15:04 MST") + "."
}

// amounts are the numbers of a limit as people read them, and what they count.
func amounts(r wire.LimitReached) (used, limit, of string) {
	if r.Unit == "usd" {
		return dollars(r.Used), dollars(r.Limit), "cost"
	}
	return grouped(int64(r.Used)) + " tokens", grouped(int64(r.Limit)), "tokens"
}

// dollars has as many digits as it takes to see something, cents at least.
func dollars(v float64) string {
	if v != 0 && math.Abs(v) < 0.1 {
		return fmt.Sprintf("$%.4f", v)
	}
	return fmt.Sprintf("$%.2f", v)
}

// grouped is a number with commas.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// left is a duration in hours and minutes, a minute at least.
func left(d time.Duration) string {
	m := max(1, int(math.Ceil(d.Minutes())))
	if m < 60 {
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d h %d min", m/60, m%60)
}
