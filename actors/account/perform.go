package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/clawdbot/gateway/actors"
	"github.com/clawdbot/gateway/providers"
)

// Perform has an account do something that only its platform has: a reaction, an edit, a poll. The answer is the
// platform's, ready for JSON; the error says what is wrong, also that the configuration does not allow it.
type Perform struct {
	actors.Reply[any]
	Account string
	Action  string // "" = list what there is
	Params  json.RawMessage
	// Once is set by the action as it begins, and an action that finds it set is not carried out: a message that comes twice
	// acts once. nil = no care is taken.
	Once *atomic.Bool
}

func (Perform) accountsMessage() {}

// Size counts the parameters against the mailbox.
func (p Perform) Size() int { return 256 + len(p.Params) }

type (
	perform struct {
		actors.Reply[any]
		action string
		params json.RawMessage
		once   *atomic.Bool
	}
	performed struct{}
)

func (perform) accountMessage()   {}
func (performed) accountMessage() {}

func (p perform) Size() int { return 256 + len(p.params) }

// maxPerforms is how many actions an account carries out at a time.
const maxPerforms = 4

func (a *account) onPerform(c *actors.Context[message], m perform) {
	p, ok := a.provider.(providers.Performer)
	switch {
	case a.provider == nil:
		m.Fail(fmt.Errorf("%s is not connected: %w", a.slot.account, ErrDown))
		return
	case !ok:
		m.Fail(fmt.Errorf("%s has no actions", a.slot.account))
		return
	case a.performs >= maxPerforms:
		m.Fail(fmt.Errorf("%s is busy with other actions, try again", a.slot.account))
		return
	}
	if m.once != nil && !m.once.CompareAndSwap(false, true) {
		return // the first one answers
	}
	a.performs++
	actors.Pipe(c, func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, sendLimit)
		defer cancel()
		var result any
		err := guard(func() (err error) {
			result, err = act(ctx, p, m)
			return err
		})
		if err != nil {
			m.Fail(plain(err))
		} else {
			m.Send(result)
		}
		return struct{}{}, nil
	}, func(struct{}, error) message { return performed{} })
}

// act does one action that is allowed, or lists them.
func act(ctx context.Context, p providers.Performer, m perform) (any, error) {
	actions := p.Actions()
	slices.Sort(actions)
	switch {
	case m.action == "":
		return map[string]any{"actions": actions}, nil
	case !slices.Contains(actions, m.action):
		return nil, fmt.Errorf("action %q is not there or not allowed; actions are %s", m.action, strings.Join(actions, ", "))
	}
	return p.Perform(ctx, m.action, m.params)
}

// plain is the platform's own words. A panic keeps its stack to itself.
func plain(err error) error {
	if _, ok := errors.AsType[*actors.PanicError](err); ok {
		return errors.New("the action failed inside the gateway; see its log")
	}
	if se, ok := errors.AsType[*providers.SendError](err); ok {
		return se.Err
	}
	return err
}
