package imessage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/clawdbot/gateway/providers"
	"github.com/clawdbot/gateway/providers/child"
)

// maxQueue is how many notifications wait while one is being stored; more, and the child starts anew from the kept place.
const maxQueue = 4096

// client is one child and the calls to it.
type client struct {
	p     *Provider
	proc  *child.Process
	notes chan json.RawMessage // of messages
	turn  chan struct{}        // holds one token: calls go one after the other
	gone  chan struct{}        // closed when the child is of no more use

	mu      sync.Mutex // guards the following fields
	next    int64
	pending map[int64]chan answer
	err     error  // why it is gone
	ours    bool   // it is or was ended by us
	tail    string // the last line of standard error
}

type answer struct {
	result json.RawMessage
	err    *rpcError
}

// rpcError is the child's word that a call failed.
type rpcError struct {
	method  string
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func (e *rpcError) Error() string {
	text := e.Message
	var detail string
	if json.Unmarshal(e.Data, &detail) == nil && detail != "" {
		text += ": " + detail
	}
	return fmt.Sprintf("imsg %s: %s (%d)", e.method, providers.OneLine(text), e.Code)
}

// lostError is a call without an answer.
type lostError struct {
	err     error
	written bool // the child may have carried it out
	ended   bool // the child has ended by itself, so that it does not go on with it
}

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// open starts a child.
func (p *Provider) open() (*client, error) {
	args := []string{"rpc"}
	if p.cfg.DBPath != "" {
		args = append(args, "--db", child.Expand(p.cfg.DBPath))
	}
	c := &client{
		p: p, notes: make(chan json.RawMessage, maxQueue), turn: make(chan struct{}, 1), gone: make(chan struct{}),
		pending: map[int64]chan answer{},
	}
	c.turn <- struct{}{}
	c.mu.Lock() // the first line must find the process
	defer c.mu.Unlock()
	proc, err := child.Start(p.cfg.CLIPath, args, child.Options{Line: c.line, Stdin: true})
	switch {
	case child.Missing(err):
		return nil, providers.Terminal(fmt.Errorf("imsg cannot be started: %w; %s", err, installHint()))
	case err != nil:
		return nil, fmt.Errorf("imsg cannot be started: %w", err)
	}
	c.proc = proc
	return c, nil
}

func installHint() string {
	if runtime.GOOS != "darwin" {
		return "iMessage is unsupported on this system: set imessage.cliPath to a script that runs imsg on a Mac, for example over ssh"
	}
	return "install it with `brew install steipete/tap/imsg`, or set imessage.cliPath to where it is"
}

// close ends the child and everything that waits for it.
func (c *client) close() {
	c.mu.Lock()
	c.doom()
	c.mu.Unlock()
	c.proc.Stop(c.p.opt.quiet, c.p.opt.term)
	c.fail(errors.New("imsg was stopped"))
}

// fail gives the child up: its calls end. Run replaces it.
func (c *client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doom()
	if c.err == nil {
		c.err = err
		close(c.gone)
	}
}

// doom notes that the child will be ended by us, if it has not ended yet. c.mu is held.
func (c *client) doom() {
	select {
	case <-c.proc.Done():
	default:
		c.ours = true
	}
}

// byItself says that the child has ended without our doing.
func (c *client) byItself() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.proc.Done():
		return !c.ours
	default:
		return false
	}
}

// why is how it came that the child is gone.
func (c *client) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// line takes a line of the child's.
func (c *client) line(stderr bool, s string) {
	log := c.p.env.Log.With("account", c.p.env.Account)
	if stderr {
		log.Error("imsg: " + providers.OneLine(s))
		c.mu.Lock()
		c.tail = providers.OneLine(s)
		c.mu.Unlock()
		return
	}
	var m struct {
		ID     any             `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
		Result json.RawMessage `json:"result"`
		Error  *rpcError       `json:"error"`
	}
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		log.Error("imsg wrote a line that is no JSON, skipped", "err", err)
		return
	}
	switch m.Method {
	case "":
		id, err := strconv.ParseInt(fmt.Sprint(m.ID), 10, 64) // a number or a string, as we sent it
		c.mu.Lock()
		waiting := c.pending[id]
		delete(c.pending, id)
		c.mu.Unlock()
		if err == nil && waiting != nil {
			waiting <- answer{m.Result, m.Error}
		}
	case "message":
		select {
		case c.notes <- m.Params:
		default:
			c.fail(errors.New("messages come faster than they are stored: starting anew from the last one stored"))
		}
	case "error":
		log.Error("imsg reports an error", "err", providers.OneLine(string(m.Params)))
	}
}

// call makes one call and decodes its result. limit begins when it is its turn. The error is nil, an *rpcError or a
// *lostError. A child that does not answer is given up, for all other calls would wait behind this one.
func (c *client) call(ctx context.Context, limit time.Duration, method string, params map[string]any, result any) error {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return &lostError{err: ctx.Err()}
	case <-c.gone:
		return &lostError{err: c.why()}
	}
	if err := ctx.Err(); err != nil {
		return &lostError{err: err}
	}
	got := make(chan answer, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.pending[id] = got
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}()
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		return &lostError{err: err}
	}
	if _, err := c.proc.Stdin.Write(append(line, '\n')); err != nil {
		return &lostError{err: fmt.Errorf("imsg takes no calls: %w", err), written: true}
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var a answer
	select {
	case a = <-got:
	case <-c.proc.Done():
		select {
		case a = <-got: // its last word
		default:
			return &lostError{err: c.ended(), written: true, ended: c.byItself()}
		}
	case <-c.gone:
		return &lostError{err: c.why(), written: true, ended: c.byItself()}
	case <-timer.C:
		err := fmt.Errorf("imsg %s: no answer within %v", method, limit)
		c.fail(err)
		return &lostError{err: err, written: true}
	case <-ctx.Done():
		c.fail(fmt.Errorf("imsg %s was given up", method))
		return &lostError{err: ctx.Err(), written: true}
	}
	if a.err != nil {
		a.err.method = method
		return a.err
	}
	if result == nil || len(a.result) == 0 {
		return nil
	}
	if err := json.Unmarshal(a.result, result); err != nil {
		return &lostError{err: fmt.Errorf("imsg %s: the result cannot be read: %w", method, err), written: true}
	}
	return nil
}

// ended says why the child has ended.
func (c *client) ended() error {
	c.mu.Lock()
	tail := c.tail
	c.mu.Unlock()
	if denied.MatchString(tail) {
		return providers.Terminal(fmt.Errorf("imsg may not read the Messages database (%s): %s", tail, accessHint))
	}
	if tail != "" {
		return fmt.Errorf("imsg ended (%w): %s", c.proc.Err(), tail)
	}
	return fmt.Errorf("imsg ended: %w", c.proc.Err())
}

// What macOS says when it has not been asked for permission.
var (
	denied     = regexp.MustCompile(`(?i)full disk access|authorization denied|permission (error|denied)|operation not permitted|unable to open database file`)
	automation = regexp.MustCompile(`(?i)not authori[sz]ed to send apple events|-1743`)
)

const (
	accessHint     = "allow Full Disk Access for the program that runs the gateway (System Settings, Privacy & Security), or correct imessage.dbPath; then restart the account"
	automationHint = "allow the program that runs the gateway to control Messages (System Settings, Privacy & Security, Automation)"
)
